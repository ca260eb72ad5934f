import contextlib
import copy
import pickle

import pytest
from eth_account import Account as Oracle
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import (
    ORDER,
    Account,
    Address,
    address_from_hex,
    address_of,
    address_to_hex,
    recover,
)
from kallnet.errors import AddressInvalid, BadSignature
from kallnet.keccak import keccak256

keys = st.integers(1, ORDER - 1).map(lambda n: n.to_bytes(32, "big"))
digests = st.binary(min_size=32, max_size=32)


def test_keccak_is_not_sha3() -> None:
    # Keccak team's vector for the empty string.
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(keys)
def test_address_is_the_one_other_wallets_show(key: bytes) -> None:
    assert address_to_hex(Account(key).address) == Oracle.from_key(key).address


@given(keys)
def test_address_follows_from_either_form_of_the_public_key(key: bytes) -> None:
    account = Account(key)
    assert len(account.public_key) == 33
    assert address_of(account.public_key) == account.address


@given(st.binary(min_size=20, max_size=20).map(Address))
def test_hex_round_trip_in_every_case(address: Address) -> None:
    text = address_to_hex(address)
    assert address_from_hex(text) == address
    assert address_from_hex(text.lower()) == address
    assert address_from_hex("0x" + text[2:].upper()) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n",
        "0x５aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressInvalid):
        address_from_hex(text)


@given(keys, digests)
def test_signature_is_bit_for_bit_that_of_other_wallets(key: bytes, digest: bytes) -> None:
    assert Account(key).sign(digest) == Oracle.unsafe_sign_hash(digest, key).signature


@given(keys, digests)
def test_signer_is_recovered(key: bytes, digest: bytes) -> None:
    account = Account(key)
    signature = account.sign(digest)
    assert signature[64] in (27, 28)
    assert recover(digest, signature) == account.address


@given(keys, digests)
def test_the_mirrored_signature_is_refused(key: bytes, digest: bytes) -> None:
    signature = Account(key).sign(digest)
    high_s = (ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    mirrored = signature[:32] + high_s + bytes([55 - signature[64]])
    with pytest.raises(BadSignature, match="upper half"):
        recover(digest, mirrored)


@given(st.binary(max_size=70), digests)
def test_any_bytes_are_a_signature_or_a_bad_one(signature: bytes, digest: bytes) -> None:
    with contextlib.suppress(BadSignature):
        assert len(recover(digest, signature)) == 20


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_only_v_27_and_28_are_taken(v: int) -> None:
    signature = Account(b"\1" * 32).sign(bytes(32))
    with pytest.raises(BadSignature, match="27 or 28"):
        recover(bytes(32), signature[:64] + bytes([v]))


def test_zero_r_and_s_are_refused() -> None:
    with pytest.raises(BadSignature):
        recover(bytes(32), bytes(64) + b"\x1b")


@pytest.mark.parametrize("key", [b"", b"\1" * 31, bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32])
def test_a_key_outside_the_order_is_refused_without_showing_it(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes between") as caught:
        Account(key)
    assert not key or key.hex() not in str(caught.value)


def test_the_key_shows_nowhere() -> None:
    account = Account.generate()
    secret = account.export_key()
    for text in (repr(account), str(account), f"{account}", repr([account]), repr(vars(type(account)))):
        assert secret.hex() not in text
        assert repr(secret)[2:-1] not in text
    assert repr(account) == f"Account({address_to_hex(account.address)})"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(account)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(account)


def test_generated_accounts_differ_and_can_be_restored() -> None:
    one, other = Account.generate(), Account.generate()
    assert one.address != other.address
    assert Account(one.export_key()).address == one.address
