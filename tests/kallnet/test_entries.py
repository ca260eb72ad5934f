from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kallnet.account import Address
from kallnet.entries import (
    MAX_SIZE,
    ClientEntry,
    Cost,
    ProviderRef,
    ServiceEntry,
    decode_client,
    decode_service,
    verify_agreement,
)
from kallnet.errors import BadSignature, EntryInvalid
from kallnet.messages import Agreement
from kallnet.typed import digest, registry_domain
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT

REGISTRY = registry_domain(DEPLOYMENT)
EXPIRY = 2_000_000_000


def agreement(expiry: int = EXPIRY, signer: Any = BOB) -> ProviderRef:
    signature = signer.sign(digest(REGISTRY, Agreement(BOB.address, ALICE.address, "proxy", expiry)))
    return ProviderRef(BOB.address, "proxy", expiry, signature)


CLIENT = ClientEntry(
    public_key=ALICE.public_key,
    api_versions=(1, 3),
    contact="sip:alice@example.org",
    sealing_key=b"\5" * 32,
    providers=(agreement(),),
)
SERVICE = ServiceEntry(
    public_key=BOB.public_key,
    api_versions=(1,),
    service_type="proxy",
    costs=(Cost(300, 1, 60),),
    location="Bern",
    details={"sip": "sip:127.0.0.1:5061;transport=tls", "turn": ["turn:127.0.0.1:3478"]},
)

texts = st.text(min_size=1, max_size=30).filter(str.isprintable)
service_types = st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True)
versions = st.sets(st.integers(1, 2**32 - 1), min_size=1, max_size=4).map(lambda v: tuple(sorted(v)))
refs = st.builds(
    ProviderRef,
    provider=st.binary(min_size=20, max_size=20).map(Address),
    service_type=service_types,
    expiry=st.integers(0, 2**40 - 1),
    agreement=st.binary(min_size=65, max_size=65),
)
client_entries = st.builds(
    ClientEntry,
    public_key=st.sampled_from([ALICE, BOB, CAROL]).map(lambda a: a.public_key),
    api_versions=versions,
    contact=st.none() | texts,
    sealing_key=st.none() | st.binary(min_size=32, max_size=32),
    providers=st.lists(refs, max_size=5, unique_by=lambda r: (r.provider, r.service_type)).map(tuple),
)


@st.composite
def service_entries(draw: st.DrawFn) -> ServiceEntry:
    offered = draw(versions)
    cost = st.builds(Cost, st.integers(0, 2**63 - 1), st.sampled_from(offered), st.integers(0, 100))
    return ServiceEntry(
        public_key=BOB.public_key,
        api_versions=offered,
        service_type=draw(service_types),
        costs=tuple(draw(st.lists(cost, min_size=1, max_size=4))),
        location=draw(st.none() | texts),
        details=draw(st.dictionaries(texts, texts | st.lists(texts, max_size=3), max_size=4)),
    )


@given(client_entries)
def test_client_round_trip(entry: ClientEntry) -> None:
    assert decode_client(entry.encode()) == entry


@given(service_entries())
def test_service_round_trip(entry: ServiceEntry) -> None:
    assert decode_service(entry.encode()) == entry


def test_encoding_does_not_depend_on_the_order_of_details() -> None:
    turned = replace(SERVICE, details=dict(reversed(SERVICE.details.items())))
    assert turned.encode() == SERVICE.encode()


def body(entry: ClientEntry | ServiceEntry) -> dict[Any, Any]:
    fields: dict[Any, Any] = cbor2.loads(entry.encode())
    return fields


def dumped(fields: Any) -> bytes:
    return cbor2.dumps(fields, canonical=True)


BROKEN_CLIENT: list[tuple[str, Callable[[dict[Any, Any]], Any], str]] = [
    ("a list", lambda b: [b], "no CBOR map"),
    ("no format", lambda b: {k: v for k, v in b.items() if k}, "format is not 1"),
    ("format 2", lambda b: b | {0: 2}, "format is not 1"),
    ("an unknown field", lambda b: b | {9: 1}, "unknown fields"),
    ("a text field", lambda b: b | {"x": 1}, "unknown fields"),
    ("no key", lambda b: {k: v for k, v in b.items() if k != 1}, "public key"),
    ("a long key", lambda b: b | {1: b[1] + b"\0"}, "public key"),
    ("no point", lambda b: b | {1: b"\2" + b"\xff" * 32}, "public key"),
    ("an uncompressed mark", lambda b: b | {1: b"\4" + b[1][1:]}, "public key"),
    ("a text key", lambda b: b | {1: "k" * 33}, "public key"),
    ("no versions", lambda b: b | {2: []}, "names no API version"),
    ("missing versions", lambda b: {k: v for k, v in b.items() if k != 2}, "API versions are no list"),
    ("version 0", lambda b: b | {2: [0]}, "API version is 1 or more"),
    ("a true version", lambda b: b | {2: [True]}, "API version is 1 or more"),
    ("a huge version", lambda b: b | {2: [2**32]}, "API version is 1 or more"),
    ("falling versions", lambda b: b | {2: [3, 1]}, "do not rise"),
    ("repeated versions", lambda b: b | {2: [1, 1]}, "do not rise"),
    ("a number as contact", lambda b: b | {3: 5}, "contact"),
    ("an empty contact", lambda b: b | {3: ""}, "contact"),
    ("a long contact", lambda b: b | {3: "x" * 257}, "contact"),
    ("a contact with a line break", lambda b: b | {3: "a\nb"}, "contact"),
    ("a contact that turns text around", lambda b: b | {3: "a\u202eb"}, "contact"),
    ("a short sealing key", lambda b: b | {4: b"\5" * 31}, "sealing key"),
    ("a spelled-out nothing", lambda b: b | {4: None}, "deterministic"),
    ("providers as a map", lambda b: b | {5: {}}, "providers are no list"),
    ("a short provider", lambda b: b | {5: [b[5][0][:3]]}, "list of 4"),
    ("a provider's short address", lambda b: b | {5: [[b"\1" * 19, *b[5][0][1:]]]}, "20 bytes"),
    ("a shouted service type", lambda b: b | {5: [[b[5][0][0], "PROXY", *b[5][0][2:]]]}, "service type"),
    ("a negative expiry", lambda b: b | {5: [[*b[5][0][:2], -1, b[5][0][3]]]}, "expiry"),
    ("a short agreement", lambda b: b | {5: [[*b[5][0][:3], b"\1" * 64]]}, "65 bytes"),
    ("a provider twice", lambda b: b | {5: b[5] * 2}, "named twice"),
    ("too many providers", lambda b: b | {5: [[bytes([i]) * 20, *b[5][0][1:]] for i in range(50)]}, "4096"),
]  # fmt: skip

BROKEN_SERVICE: list[tuple[str, Callable[[dict[Any, Any]], Any], str]] = [
    ("no service type", lambda b: {k: v for k, v in b.items() if k != 3}, "service type"),
    ("a service type with a space", lambda b: b | {3: "pro xy"}, "service type"),
    ("no costs", lambda b: b | {4: []}, "at least one cost"),
    ("missing costs", lambda b: {k: v for k, v in b.items() if k != 4}, "costs are no list"),
    ("a cost of two", lambda b: b | {4: [[1, 2]]}, "list of 3"),
    ("a negative price", lambda b: b | {4: [[-1, 1, 50]]}, "price"),
    ("a price with a fraction", lambda b: b | {4: [[1.5, 1, 50]]}, "price"),
    ("a price too large", lambda b: b | {4: [[2**63, 1, 50]]}, "price"),
    ("a share of 101", lambda b: b | {4: [[1, 1, 101]]}, "share"),
    ("a cost of version 0", lambda b: b | {4: [[1, 0, 50]]}, "API version is 1 or more"),
    ("a cost for another version", lambda b: b | {4: [[1, 2, 50]]}, "lacks"),
    ("a location of bytes", lambda b: b | {5: b"Bern"}, "location"),
    ("details as a list", lambda b: b | {6: []}, "details are no map"),
    ("a detail with a number for a key", lambda b: b | {6: {1: "a"}}, "detail"),
    ("a detail of numbers", lambda b: b | {6: {"turn": [1]}}, "detail"),
    ("a nested detail", lambda b: b | {6: {"turn": {"a": "b"}}}, "detail"),
    ("a client's fields", lambda b: body(CLIENT), "service type|costs"),
]


@pytest.mark.parametrize(
    ("change", "reason"), [c[1:] for c in BROKEN_CLIENT], ids=[c[0] for c in BROKEN_CLIENT]
)
def test_a_broken_client_entry_is_refused(change: Callable[[dict[Any, Any]], Any], reason: str) -> None:
    with pytest.raises(EntryInvalid, match=reason):
        decode_client(dumped(change(body(CLIENT))))


@pytest.mark.parametrize(
    ("change", "reason"), [c[1:] for c in BROKEN_SERVICE], ids=[c[0] for c in BROKEN_SERVICE]
)
def test_a_broken_service_entry_is_refused(change: Callable[[dict[Any, Any]], Any], reason: str) -> None:
    with pytest.raises(EntryInvalid, match=reason):
        decode_service(dumped(change(body(SERVICE))))


def test_the_same_content_in_another_spelling_is_refused() -> None:
    raw = CLIENT.encode()
    spellings = [
        raw + b"\0",  # trailing bytes
        b"\xbf" + raw[1:] + b"\xff",  # a map of indefinite length
        b"\xb8" + bytes([raw[0] & 31]) + raw[1:],  # a longer head
        cbor2.dumps(dict(reversed(body(CLIENT).items()))),  # another order
        cbor2.dumps(cbor2.CBORTag(55799, body(CLIENT))),  # self-described CBOR
        bytes([raw[0] + 1]) + raw[1:3] + raw[1:],  # a field twice
    ]
    for spelling in spellings:
        with pytest.raises(EntryInvalid):
            decode_client(spelling)


def test_an_entry_of_the_largest_size_is_taken_and_one_more_byte_is_not() -> None:
    pad = {f"k{i}": "x" * 256 for i in range(14)}
    used = len(replace(SERVICE, details=pad | {"z": "x" * 200}).encode())
    spare = MAX_SIZE - used
    full = replace(SERVICE, details=pad | {"z": "x" * 200, "y": "x" * (spare - 4)})
    assert len(full.encode()) == MAX_SIZE
    assert decode_service(full.encode()) == full
    with pytest.raises(EntryInvalid, match="4097 bytes"):
        replace(full, details={**full.details, "y": "x" * (spare - 3)}).encode()


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"\x81" * 4000, b"\x9f" * 4096, bytes(4097), b"\xd8\x1e\x82\1\0"]
)
def test_bytes_that_are_no_entry_are_refused(raw: bytes) -> None:
    for decode in (decode_client, decode_service):
        with pytest.raises(EntryInvalid):
            decode(raw)


# Tags whose decoders compute: a bigfloat, a rational, a regular expression, a shared reference, a set.
@given(st.binary(max_size=200))
@example(bytes.fromhex("c5821b00000000ffffffff01"))
@example(bytes.fromhex("d81e820100"))
@example(bytes.fromhex("d82365282a2b2829"))
@example(bytes.fromhex("d81c81d81d00"))
@example(bytes.fromhex("d9010281a0"))
@example(bytes.fromhex("a1a0a0"))
def test_any_bytes_are_an_entry_or_refused(raw: bytes) -> None:
    for decode in (decode_client, decode_service):
        with pytest.raises(EntryInvalid):
            decode(raw)


@given(st.data())
def test_any_one_changed_byte_is_another_entry_or_refused(data: st.DataObject) -> None:
    for decode, original in ((decode_client, CLIENT), (decode_service, SERVICE)):
        raw = bytearray(original.encode())
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] ^= data.draw(st.integers(1, 255))
        try:
            assert decode(bytes(raw)) != original
        except EntryInvalid:
            continue


cbor_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=70) | st.text(max_size=10) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 7), inner, max_size=6),
    max_leaves=12,
)


@given(st.dictionaries(st.integers(1, 7), cbor_values, max_size=7))
def test_any_map_is_an_entry_or_refused(fields: dict[int, Any]) -> None:
    for decode, original in ((decode_client, CLIENT), (decode_service, SERVICE)):
        raw = dumped(body(original) | fields)
        try:
            assert decode(raw).encode() == raw
        except EntryInvalid:
            continue


@given(st.integers(0, 2**63 - 1), st.integers(0, 100))
def test_both_shares_are_the_price(price: int, percent: int) -> None:
    cost = Cost(price, 1, percent)
    assert cost.share("inviter") + cost.share("invitee") == price
    assert 0 <= cost.share("inviter") * 100 - price * percent < 100


@pytest.mark.parametrize(
    ("price", "percent", "inviter", "invitee"),
    [(10, 50, 5, 5), (1, 1, 1, 0), (0, 70, 0, 0), (3, 100, 3, 0), (3, 0, 0, 3), (7, 50, 4, 3)],
)
def test_shares(price: int, percent: int, inviter: int, invitee: int) -> None:
    cost = Cost(price, 1, percent)
    assert (cost.share("inviter"), cost.share("invitee")) == (inviter, invitee)


def test_a_good_agreement_is_taken_until_it_expires() -> None:
    verify_agreement(agreement(), ALICE.address, REGISTRY, EXPIRY - 1)
    with pytest.raises(EntryInvalid, match=r"0x\w{40} has expired"):
        verify_agreement(agreement(), ALICE.address, REGISTRY, EXPIRY)


@pytest.mark.parametrize(
    "ref",
    [
        agreement(signer=ALICE),
        replace(agreement(), service_type="gateway"),
        replace(agreement(), expiry=EXPIRY + 1),
        replace(agreement(), provider=CAROL.address),
        replace(agreement(), agreement=bytes(65)),
    ],
)
def test_an_agreement_by_another_or_for_something_else_is_refused(ref: ProviderRef) -> None:
    with pytest.raises(BadSignature):
        verify_agreement(ref, ALICE.address, REGISTRY, 0)


def test_another_client_s_agreement_is_refused() -> None:
    with pytest.raises(BadSignature):
        verify_agreement(agreement(), CAROL.address, REGISTRY, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"\xa1\x00" + cbor2.dumps(cbor2.CBORTag(35, "(?i)" + "[\0-\uffff]" * 500)),
        b"\xa1\x00" + cbor2.dumps(cbor2.CBORTag(2, b"\1")),
        b"\xbf\x00\x01\xff",
        b"\xa1\x00\x5f\x41\x01\xff",
    ],
)
def test_tags_and_indefinite_lengths_are_refused_before_they_are_decoded(data: bytes) -> None:
    """A tag may make the library compile a regular expression for seconds."""
    with pytest.raises(EntryInvalid, match="or has tags"):
        decode_client(data)
