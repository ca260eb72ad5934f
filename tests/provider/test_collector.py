from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kallnet.transfers import VALID_SECONDS
from kallprovider.collector import FIRST_RETRY, SLOWEST_RETRY
from kallprovider.errors import ChainAway, Conflict, Refused, TransactionFailed
from kallprovider.exposure import Stop
from kallprovider.transfers import UNMINED_PERIODS
from tests.provider.cashier import CALL, MAX_FLOAT, Cashier
from tests.provider.fakes import ALICE, BOB, PRICE, PROVIDER


@pytest.fixture
def cashier(tmp_path: Path) -> Iterator[Cashier]:
    cashier = Cashier(tmp_path / "provider.sqlite")
    yield cashier
    cashier.store.close()


def sums(cashier: Cashier) -> tuple[int, int, int]:
    return cashier.held, cashier.settled, cashier.earned


def test_transfers_are_mined_in_their_order(cashier: Cashier) -> None:
    cashier.pay(3)
    assert sums(cashier) == (3 * PRICE, 0, 0)
    cashier.collect()
    assert sums(cashier) == (3 * PRICE, 3 * PRICE, 3 * PRICE)
    expected = [cashier.signed(i * PRICE, (i + 1) * PRICE)[0].nonce for i in range(3)]
    assert [message.nonce for message in cashier.coin.mined] == expected
    channel = cashier.store.channel(ALICE.address)
    assert channel is not None
    assert (channel.deposited, channel.claimed) == (1_000, 3 * PRICE)
    assert len(cashier.store.transfers.of(ALICE.address)) == 1, "the last is kept for the sum"


def test_a_chain_that_is_away_is_asked_again_later_and_later(cashier: Cashier) -> None:
    cashier.pay()
    cashier.chain.is_up = False
    pause = FIRST_RETRY
    while pause < SLOWEST_RETRY:
        cashier.collect()
        assert cashier.collector._take_due() == []
        cashier.advance(pause)
        pause *= 2
    cashier.chain.is_up = True
    cashier.collect()
    assert sums(cashier) == (PRICE, PRICE, PRICE)


def test_a_restart_loses_nothing_and_pays_nothing_twice(cashier: Cashier) -> None:
    cashier.pay(2)
    cashier.crash()

    def mined_but_late(data: bytes) -> None:
        cashier.chain.execute(data)
        raise ChainAway("late")

    cashier.chain.on_transact = mined_but_late
    cashier.collect()
    assert (cashier.settled, cashier.earned) == (0, PRICE)
    cashier.chain.on_transact = cashier.chain.execute
    cashier.crash()
    cashier.collect()
    assert sums(cashier) == (2 * PRICE, 2 * PRICE, 2 * PRICE)
    cashier.crash()
    assert sums(cashier) == (2 * PRICE, 2 * PRICE, 2 * PRICE)


def test_a_transfer_that_somebody_else_brought_to_the_chain_counts(cashier: Cashier) -> None:
    message, signature = cashier.signed(0, PRICE)
    asyncio.run(cashier.desk.accept(message, PRICE, signature))
    cashier.coin.transfer(message, signature, cashier.chain.now)
    cashier.collect()
    assert sums(cashier) == (PRICE, PRICE, PRICE)


@pytest.mark.parametrize("used_for", [None, (BOB.address, PRICE), (PROVIDER.address, 1)])
def test_a_nonce_that_was_used_otherwise_pays_nothing(
    cashier: Cashier, used_for: tuple[bytes, int] | None
) -> None:
    """Cancelled, paid to another account, or with another value."""
    message, signature = cashier.signed(0, PRICE)
    asyncio.run(cashier.desk.accept(message, PRICE, signature))
    cashier.coin.used[ALICE.address, message.nonce] = used_for  # type: ignore[assignment]
    cashier.collect()
    assert sums(cashier) == (0, 0, 0)


def test_coins_spent_elsewhere_let_the_sum_fall_back_and_cost_the_call(cashier: Cashier) -> None:
    cashier.call()
    for _ in range(2):
        assert cashier.tick() is None
        cashier.pay()
        cashier.advance(15)
    cashier.coin.move(ALICE.address, BOB.address, 1_000 - PRICE)
    cashier.collect()
    assert sums(cashier) == (PRICE, PRICE, PRICE)
    assert cashier.unpaid == PRICE
    assert cashier.written_off() == 0, "the call goes on"
    cut = cashier.tick()
    assert cut is not None
    assert cut.why is Stop.DEPOSIT
    assert cashier.books.end(CALL) == {ALICE.address: PRICE}
    assert cashier.written_off() == PRICE


def test_a_sum_that_falls_back_is_met_by_the_float(cashier: Cashier) -> None:
    cashier.call()
    for _ in range(3):
        assert cashier.tick() is None
        cashier.pay()
        cashier.advance(15)
    cashier.coin.move(ALICE.address, BOB.address, 1_000)
    cashier.collect()
    cashier.coin.move(BOB.address, ALICE.address, 1_000)
    asyncio.run(cashier.balances.refresh(ALICE.address))
    cut = cashier.tick()
    assert cut is not None
    assert cut.why is Stop.FLOAT


def test_without_a_call_a_lost_transfer_is_written_off_at_once_until_it_comes_again(
    cashier: Cashier,
) -> None:
    cashier.call()
    assert cashier.tick() is None
    cashier.pay()
    cashier.books.end(CALL)
    cashier.coin.move(ALICE.address, BOB.address, 1_000)
    cashier.collect()
    assert (cashier.held, cashier.unpaid, cashier.written_off()) == (0, 0, PRICE)
    cashier.coin.move(BOB.address, ALICE.address, 1_000)
    cashier.advance(10)
    cashier.pay()
    cashier.collect()
    assert (cashier.earned, cashier.unpaid, cashier.written_off()) == (PRICE, 0, 0)


def test_what_follows_on_a_lost_transfer_is_lost_with_it(cashier: Cashier) -> None:
    cashier.pay(3)
    cashier.coin.move(ALICE.address, BOB.address, 1_000)
    cashier.collect()
    assert sums(cashier) == (0, 0, 0)
    with pytest.raises(Conflict) as caught:
        cashier.post(3 * PRICE, 4 * PRICE)
    assert caught.value.details == {"cumulative": 0}


def test_trouble_of_our_own_loses_a_transfer_only_when_it_expires(cashier: Cashier) -> None:
    cashier.pay()
    cashier.chain.refusal = TransactionFailed("no gas")
    cashier.collect()
    assert cashier.held == PRICE
    cashier.advance(VALID_SECONDS)
    cashier.collect()
    assert sums(cashier) == (0, 0, 0)


def test_a_transfer_that_a_reorganisation_took_back_is_made_again(tmp_path: Path) -> None:
    cashier = Cashier(tmp_path / "provider.sqlite", confirmations=2)
    cashier.pay(2)
    cashier.collect()
    assert sums(cashier) == (2 * PRICE, 2 * PRICE, 2 * PRICE)
    cashier.chain.take_back(cashier.coin.mined[0])
    assert cashier.earned == PRICE
    for _ in range(4):
        cashier.chain.mine()
    cashier.collect()
    for _ in range(4):
        cashier.chain.mine()
    cashier.collect()
    assert sums(cashier) == (2 * PRICE, 2 * PRICE, 2 * PRICE)
    assert cashier.store.transfers.clients_under_way() == []
    cashier.store.close()


def test_one_client_is_served_by_one_task(cashier: Cashier) -> None:
    cashier.pay()
    assert cashier.collector._take_due() == [ALICE.address]
    assert cashier.collector._take_due() == []


def test_what_is_accepted_is_collected_in_the_background(cashier: Cashier) -> None:
    async def scenario() -> None:
        running = asyncio.create_task(cashier.collector.run())
        message, signature = cashier.signed(0, PRICE)
        await cashier.desk.accept(message, PRICE, signature)
        while cashier.settled < PRICE:
            await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(scenario())
    assert cashier.earned == PRICE


MOVES = ["period", "sign", "deliver", "again", "collect", "chain", "spend", "earn", "crash", "late"]


@settings(deadline=None, max_examples=150)
@given(steps=st.lists(st.sampled_from(MOVES), max_size=40))
def test_nothing_is_paid_twice_and_no_more_is_served_than_bounded(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """An honest phone's signatures, anything in any order around them, and a crash anywhere."""
    cashier = Cashier(tmp_path_factory.mktemp("p") / "provider.sqlite", coins=8 * PRICE)
    game = Game(cashier)
    for step in steps:
        getattr(game, step)()
        game.check()
    game.settle()
    game.check()
    assert cashier.earned == game.signed
    cashier.store.close()


class Game:
    def __init__(self, cashier: Cashier) -> None:
        self.cashier = cashier
        self.started = 0
        self.signed = 0
        self.calling = False
        self.aside = 0

    def period(self) -> None:
        """A period starts; the phone pays for it if it is served."""
        if not self.calling:
            try:
                self.cashier.call()
            except ChainAway:
                return
            self.calling = True
        else:
            self.cashier.advance(15)
        if self.cashier.tick():
            self.cashier.books.end(CALL)
            self.calling = False
        else:
            self.started += PRICE

    def sign(self) -> None:
        self.signed = self.started

    def deliver(self) -> None:
        """In order from what is held, as the phone does."""
        while (held := self.cashier.held) < self.signed:
            try:
                self.cashier.post(held, held + PRICE)
            except (Refused, ChainAway):
                return

    def again(self) -> None:
        for cumulative in range(PRICE, self.signed + 1, PRICE):
            with suppress(Refused, ChainAway):
                self.cashier.post(cumulative - PRICE, cumulative)

    def collect(self) -> None:
        self.cashier.advance(SLOWEST_RETRY)
        if self.calling:
            self.cashier.books.end(CALL)  # a minute on, this call is over
            self.calling = False
        self.cashier.collect()

    def chain(self) -> None:
        self.cashier.chain.is_up = not self.cashier.chain.is_up

    def spend(self) -> None:
        self._move_aside(self.cashier.coin.balances[ALICE.address])

    def earn(self) -> None:
        self._move_aside(-self.aside)

    def _move_aside(self, amount: int) -> None:
        self.aside += amount
        self.cashier.coin.move(ALICE.address, BOB.address, amount)

    def crash(self) -> None:
        self.cashier.crash()

    def late(self) -> None:
        """The next transaction is mined, but its receipt does not come."""

        def mined_but_late(data: bytes) -> None:
            self.cashier.chain.on_transact = self.cashier.chain.execute
            self.cashier.chain.execute(data)
            raise ChainAway("late")

        self.cashier.chain.on_transact = mined_but_late

    def settle(self) -> None:
        self.cashier.chain.is_up = True
        self.earn()
        for _ in range(3):
            self.collect()
            self.deliver()
        self.collect()

    def check(self) -> None:
        cashier = self.cashier
        assert cashier.settled <= cashier.earned <= self.signed <= self.started
        assert len({m.nonce for m in cashier.coin.mined}) == len(cashier.coin.mined)
        served_unmined = self.started - cashier.written_off() - cashier.earned
        assert served_unmined <= MAX_FLOAT + UNMINED_PERIODS * PRICE


def test_an_answer_that_nobody_foresaw_puts_one_client_off_and_ends_nothing(
    cashier: Cashier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def strange(*_: object) -> None:
        raise KeyError("transactionHash")

    cashier.pay()
    with monkeypatch.context() as patched:
        patched.setattr(cashier.chain, "transact", strange)
        cashier.collect()
    assert sums(cashier)[0] == PRICE
    cashier.advance(60)
    cashier.collect()
    assert cashier.earned == PRICE
