from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from kallnet.account import Address, address_to_hex
from kallnet.errors import MessageInvalid
from kallnet.transfers import EPOCH, cover, transfer_nonce, transfer_of
from tests.vectors import generate

CLIENT, PROVIDER = Address(b"c" * 20), Address(b"p" * 20)


def test_web3_packs_and_hashes_the_same_nonces() -> None:
    client, provider = (
        address_to_hex(a.address) for a in (generate.CLIENT_ACCOUNT, generate.PROVIDER_ACCOUNT)
    )
    vectors = json.loads((generate.HERE / "transfers.json").read_text())
    for vector in vectors:
        packed = ["KallPhone transfer", client, provider, int(vector["cumulative"])]
        nonce = Web3.solidity_keccak(["string", "address", "address", "uint256"], packed)
        assert vector["nonce"] == vector["message"]["nonce"] == "0x" + nonce.hex()
        assert int(vector["message"]["value"]) == int(vector["cumulative"]) - int(vector["previous"])
    assert len(vectors) > 2


def test_a_nonce_is_of_one_client_provider_and_sum() -> None:
    nonces = [
        transfer_nonce(CLIENT, PROVIDER, 1),
        transfer_nonce(CLIENT, PROVIDER, 2),
        transfer_nonce(PROVIDER, CLIENT, 1),
        transfer_nonce(CLIENT, CLIENT, 1),
    ]
    assert len(set(nonces)) == 4
    assert transfer_of(CLIENT, PROVIDER, 0, 9, 5).nonce == transfer_of(CLIENT, PROVIDER, 8, 9, 7).nonce


@pytest.mark.parametrize("cumulative", [-1, 2**256])
def test_a_sum_fits_a_word(cumulative: int) -> None:
    with pytest.raises(MessageInvalid):
        transfer_nonce(CLIENT, PROVIDER, cumulative)


def test_no_channel_of_the_escrow_is_in_this_epoch() -> None:
    assert EPOCH > 2**40 - 1


@given(
    coins=st.integers(0, 100),
    settled=st.integers(0, 100),
    under_way=st.integers(0, 100),
    mined=st.integers(0, 100),
    income=st.integers(-100, 100),
)
def test_what_is_under_way_is_counted_once(
    coins: int, settled: int, under_way: int, mined: int, income: int
) -> None:
    """Transfers over `under_way` were accepted on `coins`; unseen, `mined` of them, and `income` came."""
    under_way = min(under_way, coins)
    mined = min(mined, under_way)
    income = max(income, mined - coins)
    before = cover(coins, settled, settled)
    assert before == settled + coins
    after = cover(coins + income - mined, settled, settled + under_way, before)
    truth = before + income
    assert truth - mined <= after <= truth + under_way - mined
    if income == 0:
        assert after == truth
    assert cover(coins + income - mined, settled + mined, settled + mined, before) == truth
