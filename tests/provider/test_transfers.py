from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kallnet.messages import TransferWithAuthorization
from kallnet.transfers import EPOCH, LEAST_LEFT, MOST_LEFT, transfer_nonce
from kallnet.typed import digest
from kallprovider.balances import REFRESH_SECONDS
from kallprovider.errors import BadRequest, Conflict, Forbidden, PaymentNeeded, TooMany, Unauthorized
from kallprovider.exposure import Stop
from kallprovider.store import Store
from kallprovider.transfers import SMALL_PER_HOUR, UNMINED_PERIODS
from tests.provider.cashier import COIN, Cashier
from tests.provider.fakes import ALICE, BOB, PRICE, PROVIDER


@pytest.fixture
def cashier(tmp_path: Path) -> Iterator[Cashier]:
    cashier = Cashier(tmp_path / "provider.sqlite")
    yield cashier
    cashier.store.close()


def test_a_transfer_is_on_disk_when_it_is_answered(cashier: Cashier) -> None:
    channel = cashier.post(0, PRICE)
    assert (channel.epoch, channel.deposited, channel.claimed) == (EPOCH, 1_000, 0)
    other = Store(cashier.path, PROVIDER.address)
    assert other.transfers.promised(ALICE.address) == PRICE
    other.close()
    assert cashier.books.tab(ALICE.address).voucher == PRICE
    assert cashier.hurried == 1


def test_the_same_again_is_no_mistake_and_counts_once(cashier: Cashier) -> None:
    message, signature = cashier.signed(0, PRICE)
    later, again = cashier.signed(0, PRICE, valid=MOST_LEFT)
    for _ in range(2):
        asyncio.run(cashier.desk.accept(message, PRICE, signature))
        asyncio.run(cashier.desk.accept(later, PRICE, again))
    assert cashier.held == PRICE
    cashier.collect()
    asyncio.run(cashier.desk.accept(message, PRICE, signature))
    cashier.collect()
    assert (cashier.earned, len(cashier.coin.mined), cashier.hurried) == (PRICE, 1, 1)


def test_what_does_not_follow_on_the_last_is_told_what_is_held(cashier: Cashier) -> None:
    cashier.pay(2)
    with pytest.raises(Conflict) as gap:
        cashier.post(3 * PRICE, 4 * PRICE)
    with pytest.raises(Conflict) as other:
        cashier.post(0, 2 * PRICE)
    assert gap.value.details == other.value.details == {"cumulative": 2 * PRICE}
    assert cashier.held == 2 * PRICE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to": BOB.address}, "another account"),
        ({"valid_after": 1}, "valid_after"),
        ({"value": 0}, "grown by"),
        ({"value": PRICE + 1}, "grown by"),
        ({"nonce": transfer_nonce(ALICE.address, PROVIDER.address, 2 * PRICE)}, "nonce"),
        ({"nonce": bytes(32)}, "nonce"),
        ({"valid_before": 1_800_000_000 + LEAST_LEFT - 1}, "check the clock"),
        ({"valid_before": 1_800_000_000 + MOST_LEFT + 1}, "check the clock"),
    ],
)
def test_a_transfer_of_another_form_is_refused(
    cashier: Cashier, change: dict[str, int | bytes], words: str
) -> None:
    message = replace(cashier.signed(0, PRICE)[0], **change)
    with pytest.raises(BadRequest, match=words):
        asyncio.run(cashier.desk.accept(message, PRICE, ALICE.sign(digest(COIN, message))))
    assert cashier.held == 0


def test_only_the_client_signs_and_only_a_client_pays(cashier: Cashier) -> None:
    message, signature = cashier.signed(0, PRICE)
    by_another = BOB.sign(digest(COIN, message))
    for bad in (by_another, bytes(65)):
        with pytest.raises(Unauthorized):
            asyncio.run(cashier.desk.accept(message, PRICE, bad))
    cashier.clients.clear()
    with pytest.raises(Forbidden):
        asyncio.run(cashier.desk.accept(message, PRICE, signature))
    assert cashier.held == 0


def test_above_what_the_client_owns_is_refused_until_coins_are_seen(cashier: Cashier) -> None:
    cashier.coin.balances[ALICE.address] = PRICE
    cashier.pay()
    with pytest.raises(PaymentNeeded, match="top up") as caught:
        cashier.pay()
    assert caught.value.details == {"cumulative": PRICE, "deposited": PRICE}
    cashier.coin.balances[ALICE.address] = 2 * PRICE
    cashier.advance(REFRESH_SECONDS)
    cashier.pay()
    assert cashier.held == 2 * PRICE


def test_who_claims_to_own_more_is_looked_up_once_in_two_seconds(cashier: Cashier) -> None:
    """Else one signed message, sent again and again, would keep the chain's thread busy."""
    cashier.pay()
    asked = cashier.chain.balances_read
    message, signature = cashier.signed(10**9, 10**9 + PRICE)
    for _ in range(20):
        with pytest.raises(Conflict):
            asyncio.run(cashier.desk.accept(message, 10**9 + PRICE, signature))
    assert cashier.chain.balances_read - asked <= 1


def test_a_transfer_signed_at_a_lower_price_does_not_shut_its_client_out(cashier: Cashier) -> None:
    for period in range(SMALL_PER_HOUR):
        message, signature = cashier.signed(period, period + 1)
        asyncio.run(cashier.desk.accept(message, period + 1, signature))
    message, signature = cashier.signed(SMALL_PER_HOUR, SMALL_PER_HOUR + 1)
    with pytest.raises(TooMany, match="below a period's share"):
        asyncio.run(cashier.desk.accept(message, SMALL_PER_HOUR + 1, signature))
    cashier.advance(3600)
    message, signature = cashier.signed(SMALL_PER_HOUR, SMALL_PER_HOUR + 1)
    asyncio.run(cashier.desk.accept(message, SMALL_PER_HOUR + 1, signature))
    assert cashier.held == SMALL_PER_HOUR + 1


def test_only_so_much_may_wait_for_the_chain(cashier: Cashier) -> None:
    cashier.pay(UNMINED_PERIODS)
    cashier.chain.is_up = False
    with pytest.raises(TooMany):
        cashier.pay()
    cashier.chain.is_up = True
    cashier.collect()
    cashier.pay()
    assert cashier.held == (UNMINED_PERIODS + 1) * PRICE


def test_a_call_is_paid_on_while_the_chain_is_away(cashier: Cashier) -> None:
    cashier.pay()
    cashier.chain.is_up = False
    cashier.advance(60)
    cashier.pay()
    assert cashier.held == 2 * PRICE


def test_two_at_once_are_taken_one_after_the_other(cashier: Cashier) -> None:
    first, second = cashier.signed(0, PRICE), cashier.signed(0, 2 * PRICE)

    async def both() -> list[object]:
        posts = (cashier.desk.accept(m, c, s) for (m, s), c in ((first, PRICE), (second, 2 * PRICE)))
        return await asyncio.gather(*posts, return_exceptions=True)

    answers = asyncio.run(both())
    assert isinstance(answers[1], Conflict)
    assert cashier.held == PRICE


def test_the_balance_is_read_anew_when_it_is_old(cashier: Cashier) -> None:
    cashier.pay()
    cashier.collect()
    cashier.coin.balances[ALICE.address] += 500
    assert asyncio.run(cashier.balances.known(ALICE.address)).deposited == 1_000
    cashier.advance(10)
    assert asyncio.run(cashier.balances.known(ALICE.address)).deposited == 1_500
    cashier.chain.is_up = False
    cashier.advance(10)
    assert asyncio.run(cashier.balances.known(ALICE.address)).deposited == 1_500


def test_a_call_is_metered_against_the_coins(cashier: Cashier) -> None:
    cashier.coin.balances[ALICE.address] = 2 * PRICE
    cashier.call()
    assert cashier.tick() is None
    cashier.pay()
    cashier.collect()
    cashier.advance(15)
    assert cashier.tick() is None
    cashier.pay()
    cashier.collect()
    cashier.advance(15)
    cut = cashier.tick()
    assert cut is not None
    assert cut.why is Stop.DEPOSIT
    assert (cashier.earned, cashier.unpaid) == (2 * PRICE, 0)


def test_a_channel_of_the_escrow_does_not_count_here(cashier: Cashier) -> None:
    cashier.chain.mine(ALICE.address)
    asyncio.run(cashier.balances.refresh(ALICE.address))
    tab = cashier.books.tab(ALICE.address)
    assert (tab.epoch, tab.deposited) == (EPOCH, 1_000)


def test_a_message_is_rebuilt_from_what_is_kept(cashier: Cashier) -> None:
    message, signature = cashier.signed(0, PRICE)
    asyncio.run(cashier.desk.accept(message, PRICE, signature))
    (kept,) = cashier.store.transfers.of(ALICE.address)
    assert isinstance(kept.message, TransferWithAuthorization)
    assert (kept.message, kept.signature) == (message, signature)
