import contextlib
from typing import Any

import eth_abi
import pytest
from eth_utils import function_signature_to_4byte_selector
from hypothesis import given
from hypothesis import strategies as st

from kallnet import calldata
from kallnet.abi import decode, encode, encode_call, is_dynamic, selector, split_types
from kallnet.errors import AbiInvalid, BadSignature, MessageInvalid
from kallnet.messages import (
    Deposit,
    Permit,
    Rating,
    Register,
    Release,
    StartExit,
    TransferWithAuthorization,
    Voucher,
)
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT

WORDS: dict[str, st.SearchStrategy[Any]] = {
    "uint8": st.integers(0, 255),
    "uint40": st.integers(0, 2**40 - 1),
    "uint256": st.integers(0, 2**256 - 1),
    "address": st.binary(min_size=20, max_size=20),
    "bool": st.booleans(),
    "bytes4": st.binary(min_size=4, max_size=4),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes": st.binary(max_size=100),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    "(address,uint88)": st.tuples(st.binary(min_size=20, max_size=20), st.integers(0, 2**88 - 1)),
    "(bytes,uint8)": st.tuples(st.binary(max_size=40), st.integers(0, 255)),
    "bytes[]": st.lists(st.binary(max_size=40), max_size=4).map(tuple),
    "uint64[]": st.lists(st.integers(0, 2**64 - 1), max_size=4).map(tuple),
    "(uint8,bytes32)[]": st.lists(
        st.tuples(st.integers(0, 255), st.binary(min_size=32, max_size=32)), max_size=4
    ).map(tuple),
}


def plain(value: Any) -> Any:
    """eth_abi's answers in our terms: addresses as bytes."""
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return bytes.fromhex(value[2:])
    return tuple(plain(v) for v in value) if isinstance(value, tuple) else value


@st.composite
def arguments(draw: st.DrawFn) -> tuple[list[str], list[Any]]:
    types = draw(st.lists(st.sampled_from(sorted(WORDS)), max_size=6))
    return types, [draw(WORDS[t]) for t in types]


@given(arguments())
def test_encoding_is_that_of_eth_abi(case: tuple[list[str], list[Any]]) -> None:
    types, values = case
    assert encode(types, values) == eth_abi.encode(types, values)


@given(arguments())
def test_decoding_inverts_encoding(case: tuple[list[str], list[Any]]) -> None:
    types, values = case
    assert list(decode(types, encode(types, values))) == values


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=4), st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(types: list[str], data: bytes) -> None:
    with contextlib.suppress(AbiInvalid):
        decode(types, data)


@pytest.mark.parametrize("types", [["uint256"], ["bytes"], ["uint8[]"], ["(uint8,address)"], ["bytes[]"]])
def test_a_cut_answer_is_refused(types: list[str]) -> None:
    values = {
        "bytes": b"\1" * 32,
        "uint8[]": [1, 2],
        "(uint8,address)": (1, b"\1" * 20),
        "bytes[]": [b"\1" * 32],
    }
    data = encode(types, [values.get(types[0], 1)])
    for length in range(len(data)):
        with pytest.raises(AbiInvalid):
            decode(types, data[:length])


@pytest.mark.parametrize(
    ("type_", "word"),
    [("uint8", 256), ("bool", 2), ("address", 1 << 160), ("uint40", 1 << 40), ("bytes4", 1)],
)
def test_dirty_words_are_refused(type_: str, word: int) -> None:
    with pytest.raises(AbiInvalid):
        decode([type_], word.to_bytes(32, "big"))


def test_a_huge_count_is_refused_before_it_takes_memory() -> None:
    data = (32).to_bytes(32, "big") + (2**200).to_bytes(32, "big")
    with pytest.raises(AbiInvalid, match="array of"):
        decode(["uint256[]"], data)


@pytest.mark.parametrize(
    ("type_", "value"),
    [("uint8", 256), ("uint8", -1), ("uint8", True), ("address", b"\0" * 19), ("bytes", 5), ("string", b"a"),
     ("bytes", "a"), ("bytes32", b""), ("uint256", "1"), ("float", 1)],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(type_: str, value: Any) -> None:
    with pytest.raises(MessageInvalid):
        encode([type_], [value])


def test_a_wrong_number_of_values_is_refused() -> None:
    with pytest.raises(MessageInvalid, match="2 values wanted, 1 given"):
        encode_call("f(uint8,uint8)", 1)


def test_types_are_split_at_outer_commas_only() -> None:
    assert split_types("uint8,(address,(bytes,bool))[],string") == (
        "uint8",
        "(address,(bytes,bool))[]",
        "string",
    )
    assert split_types("") == ()
    assert is_dynamic("(uint8,(bytes,bool))")
    assert not is_dynamic("(uint8,(address,bool))")


A, B = ALICE.address, BOB.address
SIG, OTHER = ALICE.sign(bytes(32)), BOB.sign(bytes(32))
VOUCHER = Voucher(A, B, 2, 900)
VRS = (SIG[64], SIG[:32], SIG[32:64])
ESCROW = DEPLOYMENT.escrow
V = "(address,address,uint256,uint256)"

CALLS: list[tuple[bytes, str, list[Any]]] = [
    (calldata.register(Register(1, A, b"entry", 2, 3, 4), SIG),
     "register(uint8,address,bytes,uint256,uint256,uint256,bytes)", [1, A, b"entry", 2, 3, 4, SIG]),
    (calldata.release(Release(1, A, 3, 4), SIG),
     "release(uint8,address,uint256,uint256,bytes)", [1, A, 3, 4, SIG]),
    (calldata.krypton_deploy(Register(2, A, b"entry", 0, 3, 4), "example.org", SIG),
     "deploy(address,string,bytes,uint256,uint256,bytes)", [A, "example.org", b"entry", 3, 4, SIG]),
    (calldata.krypton_undeploy(Release(2, A, 3, 4), SIG),
     "undeploy(address,uint256,uint256,bytes)", [A, 3, 4, SIG]),
    (calldata.krypton_register(Register(1, A, b"entry", 2, 3, 4), B, b"\7" * 16, SIG),
     "register(address,address,bytes16,bytes,uint256,uint256,uint256,bytes)",
     [A, B, b"\7" * 16, b"entry", 2, 3, 4, SIG]),
    (calldata.krypton_unregister(Release(1, A, 3, 4), SIG),
     "unregister(address,uint256,uint256,bytes)", [A, 3, 4, SIG]),
    (calldata.krypton_query("location", A), "query(string,address)", ["location", A]),
    (calldata.krypton_publish(2, A, b"entry"), "publish(uint8,address,bytes)", [2, A, b"entry"]),
    (calldata.deposit(A, B, 5), "deposit(address,address,uint256)", [A, B, 5]),
    (calldata.deposit_by_signature(Deposit(A, B, 5, 6, 7), SIG, OTHER),
     "depositBySignature(address,address,uint256,uint256,uint256,bytes,bytes)", [A, B, 5, 6, 7, SIG, OTHER]),
    (calldata.deposit_by_signature(Deposit(A, B, 5, 6, 7), SIG),
     "depositBySignature(address,address,uint256,uint256,uint256,bytes,bytes)", [A, B, 5, 6, 7, SIG, b""]),
    (calldata.claim(VOUCHER, SIG), f"claim({V},bytes)", [(A, B, 2, 900), SIG]),
    (calldata.claim_batch([VOUCHER, VOUCHER], [SIG, OTHER]),
     f"claimBatch({V}[],bytes[])", [[(A, B, 2, 900)] * 2, [SIG, OTHER]]),
    (calldata.start_exit(StartExit(A, B, 6, 7), SIG),
     "startExit(address,address,uint256,uint256,bytes)", [A, B, 6, 7, SIG]),
    (calldata.exit(A, B), "exit(address,address)", [A, B]),
    (calldata.rate(Rating(A, B, 744, 125, 12, 80, 412, 3600, 7), SIG),
     "rate((address,address,uint32,uint16,uint16,uint16,uint16,uint32),uint256,bytes)",
     [(A, B, 744, 125, 12, 80, 412, 3600), 7, SIG]),
    (calldata.permit(Permit(A, ESCROW, 5, 6, 7), SIG),
     "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", [A, ESCROW, 5, 7, *VRS]),
    (calldata.transfer_with_authorization(TransferWithAuthorization(A, B, 5, 6, 7, b"\1" * 32), SIG),
     "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
     [A, B, 5, 6, 7, b"\1" * 32, *VRS]),
    (calldata.transfer(B, 5), "transfer(address,uint256)", [B, 5]),
    (calldata.approve(B, 5), "approve(address,uint256)", [B, 5]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "function", "values"), CALLS, ids=[c[1].split("(")[0] for c in CALLS])
def test_calldata_is_that_of_eth_abi(data: bytes, function: str, values: list[Any]) -> None:
    types = list(split_types(function[function.index("(") + 1 : -1]))
    assert selector(function) == function_signature_to_4byte_selector(function)
    assert data == function_signature_to_4byte_selector(function) + eth_abi.encode(types, values)


def test_a_permit_needs_a_whole_signature() -> None:
    with pytest.raises(BadSignature, match="65 bytes"):
        calldata.permit(Permit(A, ESCROW, 5, 6, 7), SIG[:64])
