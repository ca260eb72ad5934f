from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kallnet.account import Address, address_to_hex
from kallnet.entries import Cost
from kallprovider.admission import Payer, Refusal, callee_refusal, caller_refusal
from kallprovider.books import Books
from kallprovider.channels import Channels
from kallprovider.clock import Clock, Timer
from kallprovider.errors import ChainAway
from kallprovider.evapi import GO, AnsweredCall, Ask, Decision
from kallprovider.meter import Call
from kallprovider.store import StoredCall

log = logging.getLogger(__name__)

# START carries whole seconds, so one that comes this late was held back on its way.
LATE_START = 2.0
# A list of dialogs may have been taken just before a call was answered.
FRESH_CALL = 2.0
# Nothing rings longer: Kamailio gives up on an unanswered INVITE within minutes.
LONGEST_RINGING = 600.0

CREDIT_ENDED = (402, "Credit ended")
NOT_METERED = (503, "Call not known to the provider")


class Link(Protocol):
    def cut(self, call_id: str, code: int, reason: str) -> None: ...


class Calls:
    """Answers Kamailio's questions, and owns the clock of every running call."""

    def __init__(
        self,
        cost: Cost,
        max_float: int,
        books: Books,
        channels: Channels,
        is_client: Callable[[Address], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self._cost = cost
        self._max_float = max_float
        self._books = books
        self._channels = channels
        self._is_client = is_client
        self._clock = clock
        self._link: Link | None = None
        self._ringing: dict[str, StoredCall] = {}
        self._ringing_since: dict[str, float] = {}
        self._timers: dict[str, Timer] = {}
        self._unconfirmed: set[str] = set()

    def connect(self, link: Link) -> None:
        self._link = link

    def restore(self) -> None:
        """Takes over what ran before a crash; it is metered again once Kamailio has confirmed it."""
        self._books.restore()
        self._ringing = self._books.ringing_calls()
        self._ringing_since = dict.fromkeys(self._ringing, self._clock.monotonic())
        self._unconfirmed = {call.call_id for call in self._books.calls}

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    @property
    def count(self) -> int:
        return len(self._books.calls)

    async def ask(self, ask: Ask) -> Decision:
        refusal = await self._refusal(ask)
        if refusal:
            log.info("call %s refused: %d %s", ask.call_id, refusal.code, refusal.words)
            return Decision(refusal.code, refusal.words)
        self._forget_old_ringing()
        call = StoredCall(ask.call_id, ask.caller, ask.callee, *self._shares(), started=None, periods=0)
        self._books.ringing(call)
        self._ringing[ask.call_id] = call
        self._ringing_since[ask.call_id] = self._clock.monotonic()
        return GO

    def started(self, call: AnsweredCall) -> None:
        if self._books.call(call.call_id):
            return
        late = self._clock.unix() - call.start
        elapsed = late - 1 if late > LATE_START else 0.0
        self._start(call.call_id, call.caller, call.callee, elapsed)

    def ended(self, call_id: str, reason: str) -> None:
        self._forget_ringing(call_id)
        self._unconfirmed.discard(call_id)
        timer = self._timers.pop(call_id, None)
        if timer:
            timer.cancel()
        for client, amount in self._books.end(call_id).items():
            log.warning("call %s: %d of %s written off", call_id, amount, address_to_hex(client))
        log.info("call %s ended: %s", call_id, reason)

    def dialogs(self, call_ids: Sequence[str]) -> None:
        alive = set(call_ids)
        for call in self._books.calls:
            if call.call_id in alive:
                self._confirm(call.call_id)
            elif self._clock.monotonic() - call.started > FRESH_CALL:
                self.ended(call.call_id, "gone")
        for call_id in alive - {call.call_id for call in self._books.calls}:
            self._adopt(call_id)

    def _adopt(self, call_id: str) -> None:
        """An answered call whose START never came: metered from now on, if it was ever asked for."""
        asked = self._ringing.get(call_id)
        if asked:
            self._start(call_id, asked.caller, asked.callee, elapsed=0.0)
        else:
            log.warning("call %s is not known: cut", call_id)
            self._cut(call_id, *NOT_METERED)

    def _confirm(self, call_id: str) -> None:
        if call_id in self._unconfirmed:
            self._unconfirmed.discard(call_id)
            self._books.resume(call_id)
            self._schedule(call_id)

    def _start(self, call_id: str, caller: Address, callee: Address, elapsed: float) -> None:
        asked = self._ringing.get(call_id)
        shares = (asked.caller_share, asked.callee_share) if asked else self._shares()
        self._forget_ringing(call_id)
        self._books.start(Call(call_id, caller, callee, *shares, self._clock.monotonic() - elapsed))
        self._tick(call_id)

    def _tick(self, call_id: str) -> None:
        try:
            cut = self._books.tick(call_id)
        except Exception:
            # What can't be written down must not be served.
            log.exception("call %s can't be metered: cut", call_id)
            self._cut(call_id, *NOT_METERED)
            return
        if cut:
            log.info("call %s cut: %s: %s", call_id, address_to_hex(cut.client), cut.why.value)
            self._cut(call_id, *CREDIT_ENDED)
        else:
            self._schedule(call_id)

    def _schedule(self, call_id: str) -> None:
        call = self._books.call(call_id)
        if call and call.shares:
            self._timers[call_id] = self._clock.call_at(call.next_due, lambda: self._tick(call_id))

    def _cut(self, call_id: str, code: int, reason: str) -> None:
        self._timers.pop(call_id, None)
        if self._link:
            self._link.cut(call_id, code, reason)

    async def _refusal(self, ask: Ask) -> Refusal | None:
        try:
            if not await self._is_client(ask.caller):
                return Refusal(403, "Not a client of this provider: ask it for an agreement")
            caller_share, callee_share = self._shares()
            caller = await self._payer(ask.caller, caller_share)
            callee = await self._payer(ask.callee, callee_share)
        except ChainAway:
            return Refusal(503, "The ledger is away: try again")
        return caller_refusal(caller, self._max_float) or callee_refusal(callee, self._max_float)

    async def _payer(self, client: Address, share: int) -> Payer:
        if share:
            await self._channels.known(client)
        channel = self._books.channel(client)
        return Payer(
            share,
            self._books.tab(client),
            is_leaving=channel is not None and channel.exit_at != 0,
            written_off_lately=self._books.written_off_lately(client),
        )

    def _shares(self) -> tuple[int, int]:
        return self._cost.share("inviter"), self._cost.share("invitee")

    def _forget_ringing(self, call_id: str) -> None:
        self._ringing_since.pop(call_id, None)
        if self._ringing.pop(call_id, None):
            self._books.forget(call_id)

    def _forget_old_ringing(self) -> None:
        horizon = self._clock.monotonic() - LONGEST_RINGING
        for call_id in [c for c, since in self._ringing_since.items() if since < horizon]:
            self._forget_ringing(call_id)
