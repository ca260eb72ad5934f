from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kallnet.account import Address
from kallprovider import PERIOD_SECONDS, exposure
from kallprovider.exposure import Stop, Tab


def started_periods(elapsed: float) -> int:
    """A period is due from its first moment; before the answer there is none."""
    return 0 if elapsed < 0 else math.floor(elapsed / PERIOD_SECONDS) + 1


@dataclass(frozen=True, slots=True)
class Call:
    """`started` is the answer, on the clock that `now` is read from; `periods` are those charged."""

    call_id: str
    caller: Address
    callee: Address
    caller_share: int
    callee_share: int
    started: float
    periods: int = 0

    @property
    def next_due(self) -> float:
        return self.started + self.periods * PERIOD_SECONDS

    @property
    def shares(self) -> dict[Address, int]:
        """Who pays what for a period; nobody who pays nothing."""
        shares = {self.caller: self.caller_share}
        shares[self.callee] = shares.get(self.callee, 0) + self.callee_share
        return {client: share for client, share in shares.items() if share}

    def due(self, now: float) -> int:
        return max(0, started_periods(now - self.started) - self.periods)


@dataclass(frozen=True, slots=True)
class Cut:
    client: Address
    why: Stop


class Meter:
    """Counts started periods of all running calls against the tabs of those who pay. No clock, no I/O."""

    def __init__(self, max_float: int) -> None:
        self._max_float = max_float
        self._tabs: dict[Address, Tab] = {}
        self._calls: dict[str, Call] = {}

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(self._calls.values())

    def call(self, call_id: str) -> Call | None:
        return self._calls.get(call_id)

    def tab(self, client: Address) -> Tab | None:
        return self._tabs.get(client)

    def is_active(self, client: Address) -> bool:
        return any(client in (call.caller, call.callee) for call in self._calls.values())

    def put_tab(self, client: Address, tab: Tab) -> None:
        """Takes over a tab as the store or the chain has it; a new epoch starts from its own zero."""
        self._tabs[client] = tab

    def start(self, call: Call) -> None:
        self._calls[call.call_id] = call

    def catch_up(self, call_id: str, now: float) -> None:
        """Charges, without a cut, what was served while nobody metered; no further period is free of one."""
        call = self._calls[call_id]
        self._charge(call, call.due(now))

    def tick(self, call_id: str, now: float) -> Cut | None:
        """Charges the periods that have started; a Cut means that the last of them must not be served."""
        for _ in range(self._calls[call_id].due(now)):
            call = self._calls[call_id]
            cut = self._cut(call)
            if cut:
                return cut
            self._charge(call, 1)
        return None

    def pay(self, client: Address, cumulative: int) -> None:
        self._tabs[client] = exposure.pay(self._tabs[client], cumulative)

    def fall_back(self, client: Address, cumulative: int) -> int:
        """Returns what is written off: all that is unpaid now, unless a call goes on, whose end does that."""
        self._tabs[client] = exposure.fall_back(self._tabs[client], cumulative)
        return self._close(client)

    def end(self, call_id: str) -> dict[Address, int]:
        """Returns what is written off, by client, now that they have no call left."""
        call = self._calls.pop(call_id, None)
        if call is None:
            return {}
        return {client: rest for client in call.shares if (rest := self._close(client))}

    def _close(self, client: Address) -> int:
        before = self._tabs.get(client)
        if before is None or self._has_paid_call(client):
            return 0
        after = self._tabs[client] = exposure.write_off(before)
        return after.written_off - before.written_off

    def _has_paid_call(self, client: Address) -> bool:
        return any(client in call.shares for call in self._calls.values())

    def _cut(self, call: Call) -> Cut | None:
        for client, share in call.shares.items():
            tab = self._tabs.get(client)
            why = exposure.stop(tab, share, self._max_float) if tab else Stop.DEPOSIT
            if why:
                return Cut(client, why)
        return None

    def _charge(self, call: Call, periods: int) -> None:
        for client, share in call.shares.items():
            if client in self._tabs:
                self._tabs[client] = exposure.charge(self._tabs[client], share * periods)
        self._calls[call.call_id] = replace(call, periods=call.periods + periods)
