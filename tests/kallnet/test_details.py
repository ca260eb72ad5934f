from dataclasses import replace

import cbor2
import pytest

from kallnet.details import KNOWN, MAX_HOST
from kallnet.entries import Cost, ServiceEntry, decode_service
from kallnet.errors import EntryInvalid
from tests.kallnet.samples import BOB

GOOD: dict[str, dict[str, str | list[str]]] = {
    "stun": {"stun": ["stun:stun.example.org", "stuns:[2001:db8::1]:5349"]},
    "proxy": {
        "sip": "sip:proxy.example.org:5061;transport=tls",
        "domain": "example.org",
        "turn": ["turn:192.0.2.1:3478?transport=udp", "turns:turn.example.org"],
        "api": "https://api.example.org:8443/kall",
        "rail": "transfers",
    },
    "gateway": {
        "sip": "sip:[2001:db8::5]:5061;transport=tls",
        "domain": "gateway.example.org",
        "prefixes": ["41", "1", "4930"],
        "api": "https://gateway.example.org",
    },
    "machine": {"sip": "sip:echo@example.org;transport=tls;lr", "api": "https://127.0.0.1:8443"},
}

BAD: list[tuple[str, str, str | list[str]]] = [
    ("stun", "stun", "stun:stun.example.org"),
    ("stun", "stun", []),
    ("stun", "stun", ["turn:stun.example.org"]),
    ("stun", "stun", ["stun:good.example", "stun:bad example"]),
    ("proxy", "sip", ["sip:proxy.example.org"]),
    ("proxy", "sip", "proxy.example.org:5061"),
    ("proxy", "sip", "sips:proxy.example.org"),
    ("proxy", "sip", "sip:proxy.example.org>;transport=tls"),
    ("proxy", "sip", "sip:proxy.example.org;transport=tls\u00e9"),
    ("proxy", "domain", "sip:example.org"),
    ("proxy", "domain", "example.org."),
    ("proxy", "domain", "-example.org"),
    ("proxy", "domain", "ex_ample.org"),
    ("proxy", "domain", ".".join(["a" * 63] * 4)),
    ("proxy", "turn", ["turn:turn.example.org?transport=sctp"]),
    ("proxy", "turn", ["turn:user@turn.example.org"]),
    ("proxy", "api", "ftp://api.example.org"),
    ("proxy", "api", "https://user:word@api.example.org"),
    ("proxy", "api", "https://api.example.org/?a=b"),
    ("proxy", "rail", "Escrow"),
    ("gateway", "prefixes", ["+41"]),
    ("gateway", "prefixes", ["041"]),
    ("gateway", "prefixes", ["4" * 16]),
    ("gateway", "prefixes", ["\u0664\u0661"]),
    ("machine", "sip", "echo@example.org"),
]


def service(service_type: str, details: dict[str, str | list[str]]) -> ServiceEntry:
    return ServiceEntry(BOB.public_key, (1,), service_type, (Cost(0, 1, 100),), details=details)


@pytest.mark.parametrize("service_type", sorted(KNOWN))
def test_what_each_type_needs_is_taken_and_read_back(service_type: str) -> None:
    entry = service(service_type, GOOD[service_type])
    assert set(GOOD[service_type]) == set(KNOWN[service_type])
    assert decode_service(entry.encode()) == entry


@pytest.mark.parametrize(("service_type", "key", "value"), BAD)
def test_a_known_key_of_another_form_is_refused(service_type: str, key: str, value: str | list[str]) -> None:
    with pytest.raises(EntryInvalid, match=f"the detail {key} of a {service_type} is not"):
        service(service_type, {key: value})


def test_published_bytes_are_held_to_the_same() -> None:
    body = cbor2.loads(service("gateway", GOOD["gateway"]).encode())
    body[6]["prefixes"] = ["+41"]
    with pytest.raises(EntryInvalid, match="prefixes of a gateway"):
        decode_service(cbor2.dumps(body, canonical=True))


def test_other_keys_and_other_types_are_free() -> None:
    service("gateway", {"turn": "anything", "hours": ["8-18", "weekdays"]})
    service("fax", {"sip": "anything", "prefixes": "+41"})


def test_nothing_is_obligatory_in_the_form() -> None:
    assert replace(service("proxy", GOOD["proxy"]), details={}).details == {}


def test_the_longest_domain_is_taken() -> None:
    longest = ".".join(["a" * 63] * 3 + ["a" * 61])
    assert len(longest) == MAX_HOST
    service("proxy", {"domain": longest})
