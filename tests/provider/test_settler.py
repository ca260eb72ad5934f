from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Account, Address
from kallnet.messages import Voucher
from kallprovider.books import Books
from kallprovider.channels import Channels
from kallprovider.config import Claims
from kallprovider.errors import ChainAway, ProviderError
from kallprovider.follower import Follower
from kallprovider.meter import Meter
from kallprovider.settler import EXIT_GAP, FIRST_RETRY, LOOK_SECONDS, Settler, gain, is_due
from kallprovider.store import HeldVoucher, Store
from tests.provider.fakes import ALICE, BOB, DEPLOYMENT, PROVIDER, FakeChain, FakeClock, funded

CLAIMS = Claims(minimum=100, after_seconds=60)
SIGNATURE = b"s" * 65


class Counter:
    """Settler and follower over a chain that pays claims."""

    def __init__(self, path: Path, confirmations: int = 0) -> None:
        self.path = path
        self.clock = FakeClock()
        self.chain = FakeChain()
        self.chain.on_transact = self.pay_out
        self.confirmations = confirmations
        self.busy: set[Address] = set()
        self.open()

    def open(self) -> None:
        self.store = Store(self.path, PROVIDER.address)
        self.books = Books(self.store, Meter(20), self.clock)
        self.channels = Channels(self.chain, self.books, self.confirmations)
        self.follower = Follower(self.chain, self.channels, self.store, 1, self.confirmations)
        self.settler = Settler(
            DEPLOYMENT.escrow,
            self.chain,
            self.channels,
            self.store,
            CLAIMS,
            lambda client: client not in self.busy,
            self.clock,
        )

    def crash(self) -> None:
        self.store.close()
        self.open()

    def pay_out(self, data: bytes) -> None:
        """What the escrow does, for the vouchers it finds in the call."""
        for held, _ in self.store.unclaimed():
            if held.voucher.client not in data:
                continue
            _, now = self.chain.channels[held.voucher.client][-1]
            paid = gain(held, now)
            after = funded(now.deposited, now.claimed + paid, now.exit_at, now.epoch)
            self.chain.mine(held.voucher.client, after)

    def hold(self, cumulative: int, client: Account = ALICE) -> None:
        voucher = Voucher(client.address, PROVIDER.address, 0, cumulative)
        self.books.accept(voucher, SIGNATURE)

    def follow(self) -> None:
        asyncio.run(self.follower.step())

    def settle(self) -> int:
        """The number of transactions it took."""
        before = len(self.chain.sent)
        asyncio.run(self.settler.step())
        return len(self.chain.sent) - before

    def claimed(self, client: Account = ALICE) -> int:
        return self.chain.channels[client.address][-1][1].claimed


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path / "provider.sqlite")
    counter.chain.mine(ALICE.address, funded(1_000))
    counter.chain.mine(BOB.address, funded(1_000))
    counter.follow()
    yield counter
    counter.store.close()


def test_the_highest_voucher_is_claimed_when_it_is_worth_it_and_quiet(counter: Counter) -> None:
    counter.hold(99)
    counter.clock.advance(61)
    assert counter.settle() == 0
    counter.hold(150)
    assert counter.settle() == 0
    counter.clock.advance(60)
    assert counter.settle() == 1
    assert counter.claimed() == 150
    assert counter.settle() == 0


def test_a_channel_in_a_call_waits(counter: Counter) -> None:
    counter.hold(150)
    counter.clock.advance(60)
    counter.busy.add(ALICE.address)
    assert counter.settle() == 0
    counter.busy.clear()
    assert counter.settle() == 1


def test_many_channels_are_claimed_together(counter: Counter) -> None:
    counter.hold(150)
    counter.hold(200, BOB)
    counter.clock.advance(60)
    assert counter.settle() == 1
    assert (counter.claimed(ALICE), counter.claimed(BOB)) == (150, 200)


def test_an_exit_is_answered_at_once_whatever_the_sum(counter: Counter) -> None:
    counter.hold(1)
    counter.busy.add(ALICE.address)
    counter.chain.mine(ALICE.address, funded(1_000, exit_at=int(counter.clock.unix()) + 3_600))
    counter.follow()
    assert counter.settle() == 1
    assert counter.claimed() == 1


def test_vouchers_after_an_exit_cost_at_most_a_transaction_a_minute(counter: Counter) -> None:
    counter.hold(1)
    counter.chain.mine(ALICE.address, funded(1_000, exit_at=int(counter.clock.unix()) + 3_600))
    counter.follow()
    assert counter.settle() == 1
    counter.hold(2)
    assert counter.settle() == 0
    counter.clock.advance(EXIT_GAP)
    assert counter.settle() == 1
    assert counter.claimed() == 2


def test_in_the_last_minutes_before_an_exit_every_voucher_is_claimed(counter: Counter) -> None:
    counter.chain.mine(ALICE.address, funded(1_000, exit_at=int(counter.clock.unix()) + 300))
    counter.follow()
    counter.busy.add(ALICE.address)
    for cumulative in (10, 20, 30):
        counter.hold(cumulative)
        assert counter.settle() == 1
        assert counter.claimed() == cumulative
        counter.clock.advance(LOOK_SECONDS)


def test_a_failed_claim_is_tried_again_later_and_later(counter: Counter) -> None:
    counter.hold(150)
    counter.clock.advance(60)
    counter.chain.refusal = ChainAway("away")
    for pause in (FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY):
        with pytest.raises(ProviderError):
            counter.settle()
        counter.clock.advance(pause - 0.1)
        assert counter.settle() == 0
        counter.clock.advance(0.2)
    counter.chain.refusal = None
    assert counter.settle() == 1
    assert counter.claimed() == 150


def test_a_claim_that_was_mined_although_no_answer_came_is_not_repeated(counter: Counter) -> None:
    counter.hold(150)
    counter.clock.advance(60)

    def mined_but_late(data: bytes) -> None:
        counter.pay_out(data)
        raise ChainAway("late")

    counter.chain.on_transact = mined_but_late
    with pytest.raises(ChainAway):
        counter.settle()
    counter.crash()
    counter.follow()
    counter.clock.advance(10_000)
    assert counter.settle() == 0
    assert counter.claimed() == 150


def test_a_crash_before_the_claim_loses_nothing(counter: Counter) -> None:
    counter.hold(150)
    counter.crash()
    counter.clock.advance(60)
    assert counter.settle() == 1
    assert counter.claimed() == 150


@pytest.mark.parametrize("age", [0, 500])
def test_a_claim_that_a_reorganisation_took_back_is_made_again(counter: Counter, age: int) -> None:
    """With an age, the channel's other events lie too far back to be met again."""
    for _ in range(age):
        counter.chain.mine()
    counter.follow()
    counter.hold(150)
    counter.clock.advance(60)
    counter.settle()
    counter.follow()
    counter.chain.reorganise(depth=2)
    assert counter.claimed() == 0
    counter.chain.mine()
    counter.chain.mine()
    counter.follow()
    assert counter.settle() == 1
    assert counter.claimed() == 150


def test_an_exit_that_a_reorganisation_took_back_revives_its_vouchers(counter: Counter) -> None:
    counter.hold(150)
    counter.chain.mine(ALICE.address, funded(0, epoch=1))
    counter.follow()
    counter.clock.advance(60)
    assert counter.settle() == 0
    counter.chain.reorganise(depth=1)
    counter.chain.mine()
    counter.follow()
    assert counter.settle() == 1
    assert counter.claimed() == 150


def test_a_deposit_counts_when_it_is_buried_and_an_exit_at_once(tmp_path: Path) -> None:
    counter = Counter(tmp_path / "provider.sqlite", confirmations=2)
    counter.chain.mine(ALICE.address, funded(1_000))
    counter.follow()
    assert counter.books.tab(ALICE.address).deposited == 0
    counter.chain.mine()
    counter.follow()
    assert counter.books.tab(ALICE.address).deposited == 0
    counter.chain.mine()
    counter.follow()
    assert counter.books.tab(ALICE.address).deposited == 1_000
    counter.chain.mine(ALICE.address, funded(1_000, exit_at=5))
    counter.follow()
    channel = counter.store.channel(ALICE.address)
    assert channel is not None
    assert channel.exit_at == 5
    counter.store.close()


def test_what_happened_during_a_long_absence_is_found(counter: Counter) -> None:
    counter.store.close()
    counter.chain.mine(ALICE.address, funded(3_000))
    for _ in range(5_000):
        counter.chain.mine()
    counter.open()
    counter.follow()
    assert counter.books.tab(ALICE.address).deposited == 3_000


@given(
    deposited=st.integers(0, 1_000),
    claimed=st.integers(0, 1_000),
    cumulative=st.integers(0, 2_000),
    exit_at=st.sampled_from([0, 1_800_000_000, 1_900_000_000]),
    idle=st.booleans(),
    exit_seen=st.booleans(),
)
def test_nothing_is_claimed_beyond_the_deposit_or_twice(
    deposited: int, claimed: int, cumulative: int, exit_at: int, idle: bool, exit_seen: bool
) -> None:
    held = HeldVoucher(Voucher(ALICE.address, PROVIDER.address, 0, cumulative), SIGNATURE, 0.0)
    channel = funded(deposited, min(claimed, deposited), exit_at)
    worth = gain(held, channel)
    assert channel.claimed + worth <= max(deposited, channel.claimed)
    due = is_due(held, channel, CLAIMS, now=1_800_000_000.0, idle=idle, exit_seen=exit_seen)
    assert worth > 0 or not due
    if exit_at and worth and not exit_seen:
        assert due
