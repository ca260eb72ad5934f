from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from kallnet.account import Address
from kallnet.ledger import Channel
from kallnet.messages import Voucher
from kallprovider import exposure
from kallprovider.clock import Clock
from kallprovider.exposure import Tab
from kallprovider.held_transfers import HeldTransfer
from kallprovider.meter import Call, Cut, Meter
from kallprovider.store import Store, StoredCall


class Books:
    """The meter and what the store keeps of it, changed together."""

    def __init__(self, store: Store, meter: Meter, clock: Clock) -> None:
        self._store = store
        self._meter = meter
        self._clock = clock

    @property
    def calls(self) -> tuple[Call, ...]:
        return self._meter.calls

    def call(self, call_id: str) -> Call | None:
        return self._meter.call(call_id)

    def is_idle(self, client: Address) -> bool:
        return not self._meter.is_active(client)

    def tab(self, client: Address) -> Tab:
        tab = self._meter.tab(client)
        if tab is None:
            tab = self._store.tab(client)
            self._meter.put_tab(client, tab)
        return tab

    def voucher_signature(self, client: Address, epoch: int) -> bytes:
        """The client's own, on the highest voucher of that epoch; empty where there is none."""
        held = self._store.voucher(client, epoch)
        return held.signature if held else b""

    def written_off_lately(self, client: Address) -> int:
        return self._store.written_off_since(client, self._clock.unix() - exposure.WRITE_OFF_WINDOW)

    def channel(self, client: Address) -> Channel | None:
        return self._store.channel(client)

    def channel_changed(self, client: Address, channel: Channel) -> None:
        """In a new epoch nothing is owed; in the old one only the deposit can have changed."""
        before = self._meter.tab(client)
        self._store.put_channel(client, channel)
        if before is None:
            return
        same = before.epoch == channel.epoch
        after = replace(before, deposited=channel.deposited) if same else self._store.tab(client)
        self._meter.put_tab(client, after)

    def accept(self, voucher: Voucher, signature: bytes) -> int:
        """Commits a voucher whose signature and bounds were checked; returns the highest held."""
        now = self._clock.unix()
        return self._pay(
            voucher.client,
            voucher.cumulative,
            lambda: self._store.accept_voucher(voucher, signature, now),
        )

    def accept_transfer(self, transfer: HeldTransfer) -> int:
        """Commits a transfer that was checked and follows on what is held; returns the sum held."""
        return self._pay(transfer.client, transfer.cumulative, lambda: self._store.transfers.add(transfer))

    def skip_to(self, client: Address, cumulative: int) -> Channel:
        """Goes on from a higher sum where one side has lost what lies between: neither paid nor owed."""
        before, channel = self.tab(client), self._store.channel(client)
        assert channel is not None
        gap = cumulative - before.voucher
        after = replace(before, owed=before.owed + gap, voucher=cumulative, deposited=before.deposited + gap)
        channel = replace(channel, deposited=channel.deposited + gap, claimed=channel.claimed + gap)
        with self._store.transaction():
            self._store.transfers.skip(client, cumulative)
            self._store.put_channel(client, channel)
            self._store.save_tab(client, after)
        self._meter.put_tab(client, after)
        return channel

    def _pay(self, client: Address, cumulative: int, keep: Callable[[], object]) -> int:
        before, now = self.tab(client), self._clock.unix()
        after = exposure.pay(before, cumulative)
        with self._store.transaction():
            keep()
            if back := before.written_off - after.written_off:
                self._store.add_write_off(client, -back, now)
                self._store.save_tab(client, after)
        self._meter.pay(client, cumulative)
        return after.voucher

    def transfer_mined(self, transfer: HeldTransfer, block: int | None) -> None:
        """In `block`, or None when a reorganisation took it back."""
        with self._store.transaction():
            self._store.transfers.set_block(transfer, block)
            self._save_settled(transfer.client)

    def transfer_lost(self, transfer: HeldTransfer) -> int:
        """It can't be mined any more: what is held falls back to before it. Returns what is written off."""
        client, now = transfer.client, self._clock.unix()
        before = self.tab(client)
        try:
            with self._store.transaction():
                self._store.transfers.drop(transfer)
                self._save_settled(client)
                written_off = self._meter.fall_back(client, transfer.previous)
                if written_off:
                    self._store.add_write_off(client, written_off, now)
                    self._store.save_tab(client, self.tab(client))
        except Exception:
            self._meter.put_tab(client, before)  # the disk has not fallen back either
            raise
        return written_off

    def _save_settled(self, client: Address) -> None:
        channel = self._store.channel(client)
        if channel is not None:
            self._store.put_channel(client, replace(channel, claimed=self._store.transfers.settled(client)))

    def ringing(self, call: StoredCall) -> None:
        self._store.put_call(call)

    def ringing_calls(self) -> dict[str, StoredCall]:
        return {call.call_id: call for call in self._store.calls() if call.started is None}

    def forget(self, call_id: str) -> None:
        self._store.delete_call(call_id)

    def start(self, call: Call) -> None:
        for client in call.shares:
            self.tab(client)
        self._meter.start(call)
        self._store.put_call(self._stored(call))

    def restore(self) -> None:
        """Takes over the answered calls of before a crash; `resume` or `end` follows for each."""
        offset = self._clock.unix() - self._clock.monotonic()
        for kept in self._store.calls():
            if kept.started is not None:
                started = kept.started - offset
                self.start(
                    Call(
                        kept.call_id,
                        kept.caller,
                        kept.callee,
                        kept.caller_share,
                        kept.callee_share,
                        started,
                        kept.periods,
                    )
                )

    def resume(self, call_id: str) -> None:
        self._meter.catch_up(call_id, self._clock.monotonic())
        self._save(call_id)

    def tick(self, call_id: str) -> Cut | None:
        cut = self._meter.tick(call_id, self._clock.monotonic())
        self._save(call_id)
        return cut

    def end(self, call_id: str) -> dict[Address, int]:
        """Returns what was written off, by client."""
        call = self._meter.call(call_id)
        written_off = self._meter.end(call_id)
        now = self._clock.unix()
        with self._store.transaction():
            self._store.delete_call(call_id)
            for client, amount in written_off.items():
                self._store.add_write_off(client, amount, now)
            self._save_tabs(call.shares if call else ())
        return written_off

    def _save(self, call_id: str) -> None:
        call = self._meter.call(call_id)
        if call is None or not call.shares:
            return
        with self._store.transaction():
            self._store.put_call(self._stored(call))
            self._save_tabs(call.shares)

    def _save_tabs(self, clients: Iterable[Address]) -> None:
        for client in clients:
            self._store.save_tab(client, self.tab(client))

    def _stored(self, call: Call) -> StoredCall:
        offset = self._clock.unix() - self._clock.monotonic()
        return StoredCall(
            call.call_id,
            call.caller,
            call.callee,
            call.caller_share,
            call.callee_share,
            call.started + offset,
            call.periods,
        )
