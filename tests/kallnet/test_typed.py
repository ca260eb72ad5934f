import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Address, recover
from kallnet.errors import AddressInvalid, MessageInvalid
from kallnet.messages import Register, Session, TransferWithAuthorization, Voucher, from_json, to_json
from kallnet.typed import Domain, coin_domain, digest, escrow_domain, registry_domain
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT, MESSAGES, any_domain, any_message, oracle_sign

VOUCHER = Voucher(ALICE.address, BOB.address, 3, 1_000)
ESCROW = escrow_domain(DEPLOYMENT)


@pytest.mark.parametrize("message_type", MESSAGES, ids=lambda t: t.__name__)
def test_digest_and_signature_are_those_of_eth_account(message_type: type[Any]) -> None:
    @given(any_domain, any_message(message_type))
    def check(domain: Domain, message: Any) -> None:
        expected, signature = oracle_sign(domain, message, ALICE.export_key())
        assert digest(domain, message) == expected
        assert ALICE.sign(expected) == signature

    check()


def test_a_voucher_is_recovered_to_its_client() -> None:
    signed = digest(ESCROW, VOUCHER)
    assert recover(signed, ALICE.sign(signed)) == ALICE.address


@pytest.mark.parametrize(
    "other",
    [
        replace(VOUCHER, epoch=4),
        replace(VOUCHER, cumulative=1_001),
        replace(VOUCHER, client=BOB.address),
        replace(VOUCHER, provider=ALICE.address),
    ],
)
def test_a_voucher_is_good_for_one_channel_epoch_and_sum(other: Voucher) -> None:
    assert digest(ESCROW, other) != digest(ESCROW, VOUCHER)


@pytest.mark.parametrize(
    "other",
    [
        replace(ESCROW, chain_id=1),
        replace(ESCROW, contract=Address(bytes(20))),
        replace(ESCROW, version="2"),
        registry_domain(DEPLOYMENT),
        coin_domain(DEPLOYMENT),
    ],
)
def test_a_voucher_is_good_for_one_contract_on_one_chain(other: Domain) -> None:
    signature = ALICE.sign(digest(ESCROW, VOUCHER))
    assert recover(digest(other, VOUCHER), signature) != ALICE.address


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (replace(VOUCHER, cumulative=2**256), "cumulative"),
        (replace(VOUCHER, cumulative=-1), "cumulative"),
        (replace(VOUCHER, epoch=True), "epoch"),
        (replace(VOUCHER, client=Address(b"\1" * 19)), "client"),
        (Register(256, ALICE.address, b"", 0, 0, 0), "kind"),
        (Session(ALICE.address, BOB.address, b"\1" * 31), "challenge"),
    ],
)
def test_a_field_that_does_not_fit_is_named(message: Any, field: str) -> None:
    with pytest.raises(MessageInvalid, match=field):
        digest(ESCROW, message)


@pytest.mark.parametrize("message_type", MESSAGES, ids=lambda t: t.__name__)
def test_json_round_trip(message_type: type[Any]) -> None:
    @given(any_message(message_type))
    def check(message: Any) -> None:
        assert from_json(message_type, to_json(message)) == message

    check()


def test_json_spells_from_without_an_underscore() -> None:
    message = TransferWithAuthorization(ALICE.address, BOB.address, 1, 0, 9, bytes(32))
    assert list(to_json(message)) == ["from", "to", "value", "valid_after", "valid_before", "nonce"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epoch": None}, "epoch: must be a whole number"),
        ({"epoch": "3"}, "epoch: must be a whole number"),
        ({"epoch": True}, "epoch: must be a whole number"),
        ({"epoch": 2**256}, "epoch: must be a whole number"),
        ({"client": 5}, "client: must be a string"),
        ({"tip": 1}, "tip: is no field of Voucher"),
    ],
)
def test_json_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(MessageInvalid, match=words):
        from_json(Voucher, to_json(VOUCHER) | change)


def test_json_with_a_missing_field_or_a_bad_address_is_refused() -> None:
    body = to_json(VOUCHER)
    with pytest.raises(AddressInvalid):
        from_json(Voucher, body | {"client": "0x12"})
    del body["epoch"]
    with pytest.raises(MessageInvalid, match="epoch: is missing"):
        from_json(Voucher, body)


@pytest.mark.parametrize("challenge", ["0x", "0xzz", "0x" + "00" * 31, "0x" + "00" * 33])
def test_json_bytes_must_have_their_length(challenge: str) -> None:
    body = to_json(Session(ALICE.address, BOB.address, bytes(32)))
    with pytest.raises(MessageInvalid, match="challenge"):
        from_json(Session, body | {"challenge": challenge})


@given(
    st.dictionaries(
        st.sampled_from(["client", "provider", "epoch", "cumulative", "x"]), st.text() | st.integers()
    )
)
def test_any_json_is_a_voucher_or_refused(body: dict[str, Any]) -> None:
    with contextlib.suppress(MessageInvalid, AddressInvalid):
        from_json(Voucher, body)
