"""What accounts publish in the client and the service registrar, as deterministic CBOR (RFC 8949, 4.2.1).

An entry is a map from small integers; field 0 is the format's number. Empty optional fields are left out.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from coincurve import PublicKey

from kallnet import plain_cbor
from kallnet.account import Address, address_of, address_to_hex, recover
from kallnet.details import check_details
from kallnet.errors import BadSignature, EntryInvalid
from kallnet.messages import Agreement
from kallnet.typed import Domain, digest

log = logging.getLogger(__name__)

FORMAT = 1
MAX_SIZE = 4096
MAX_TEXT = 256
MAX_PRICE = 2**63 - 1
PROXY = "proxy"

Role = Literal["inviter", "invitee"]
Details = Mapping[str, str | list[str]]

_SERVICE_TYPE = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProviderRef:
    """A provider and its signed agreement to serve this client until `expiry` (Unix seconds)."""

    provider: Address
    service_type: str
    expiry: int
    agreement: bytes

    def __post_init__(self) -> None:
        _require(_is_bytes(self.provider, 20), "a provider's address has 20 bytes")
        _require(_is_service_type(self.service_type), f"{self.service_type!r} is no service type")
        _require(_is_int(self.expiry, 0, 2**40 - 1), "an agreement's expiry is Unix seconds")
        _require(_is_bytes(self.agreement, 65), "an agreement is a signature of 65 bytes")


@dataclass(frozen=True, slots=True)
class Cost:
    """`price` is in base units per started period of 15 s; the inviter pays `inviter_share` percent of it."""

    price: int
    api_version: int
    inviter_share: int

    def __post_init__(self) -> None:
        _require(_is_int(self.price, 0, MAX_PRICE), "a price is 0 or more and fits 63 bits")
        _require(_is_int(self.api_version, 1, 2**32 - 1), "an API version is 1 or more and fits 32 bits")
        _require(_is_int(self.inviter_share, 0, 100), "an inviter's share is 0 to 100 percent")

    def share(self, role: Role) -> int:
        """Base units per period. The inviter's fraction is rounded up, so both shares add up to the price."""
        inviter = -(-self.price * self.inviter_share // 100)
        return inviter if role == "inviter" else self.price - inviter


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """`contact` is how to reach the client with no provider; `sealing_key` (X25519) seals messages to it.

    `uuid` (RFC 4122, version 4) is the label of KRYPTON's users. It is public and proves nothing.
    """

    public_key: bytes
    api_versions: tuple[int, ...]
    contact: str | None = None
    sealing_key: bytes | None = None
    providers: tuple[ProviderRef, ...] = ()
    uuid: bytes | None = None

    def __post_init__(self) -> None:
        _check_common(self.public_key, self.api_versions)
        _require(self.uuid is None or _is_uuid4(self.uuid), "a uuid has 16 bytes and is of version 4")
        _require(self.contact is None or _is_text(self.contact), "a contact is printable text")
        _require(self.sealing_key is None or _is_bytes(self.sealing_key, 32), "a sealing key has 32 bytes")
        named = [(p.provider, p.service_type) for p in self.providers]
        _require(len(named) == len(set(named)), "a provider is named twice for the same service")

    def encode(self) -> bytes:
        providers = [[p.provider, p.service_type, p.expiry, p.agreement] for p in self.providers]
        optional = {3: self.contact, 4: self.sealing_key, 5: providers, 6: self.uuid}
        return _encode({1: self.public_key, 2: list(self.api_versions)}, optional)


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """`location` is text for people; `details` are described in kallnet.details."""

    public_key: bytes
    api_versions: tuple[int, ...]
    service_type: str
    costs: tuple[Cost, ...]
    location: str | None = None
    details: Details = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_common(self.public_key, self.api_versions)
        _require(_is_service_type(self.service_type), f"{self.service_type!r} is no service type")
        _require(bool(self.costs), "a service names at least one cost")
        offered = {cost.api_version for cost in self.costs}
        _require(offered <= set(self.api_versions), "a cost is for an API version that the service lacks")
        _require(self.location is None or _is_text(self.location), "a location is printable text")
        _require(
            all(_is_detail(k, v) for k, v in self.details.items()), "a detail is text or a list of texts"
        )
        check_details(self.service_type, self.details)

    def encode(self) -> bytes:
        costs = [[c.price, c.api_version, c.inviter_share] for c in self.costs]
        required = {1: self.public_key, 2: list(self.api_versions), 3: self.service_type, 4: costs}
        return _encode(required, {5: self.location, 6: dict(self.details)})


def decode_client(data: bytes) -> ClientEntry:
    """Raises EntryInvalid for anything but what ClientEntry.encode would give."""
    return _decode(data, _client)


def decode_service(data: bytes) -> ServiceEntry:
    """Raises EntryInvalid for anything but what ServiceEntry.encode would give."""
    return _decode(data, _service)


def verify_agreement(ref: ProviderRef, client: Address, registry_domain: Domain, now: int) -> None:
    """Raises EntryInvalid when it has expired by `now` (Unix s), BadSignature when not the provider's."""
    if ref.expiry <= now:
        raise EntryInvalid(f"the agreement of {address_to_hex(ref.provider)} has expired")
    message = Agreement(ref.provider, client, ref.service_type, ref.expiry)
    if recover(digest(registry_domain, message), ref.agreement) != ref.provider:
        raise BadSignature(f"the agreement is not signed by {address_to_hex(ref.provider)}")


def client_of(raw: bytes, account: Address, registry_domain: Domain, now: int) -> ClientEntry:
    """The account's entry with those of its providers alone that have agreed and still do at `now` (Unix s).

    Raises EntryInvalid when the entry is unusable or another's.
    """
    entry = own_entry(raw, account, decode_client)
    held = tuple(ref for ref in entry.providers if _holds(ref, account, registry_domain, now))
    return entry if held == entry.providers else replace(entry, providers=held)


def service_of(raw: bytes, account: Address) -> ServiceEntry:
    """Raises EntryInvalid when the entry is unusable or another's."""
    return own_entry(raw, account, decode_service)


E_ = TypeVar("E_", ClientEntry, ServiceEntry)


def own_entry(raw: bytes, account: Address, decode_entry: Callable[[bytes], E_]) -> E_:
    entry = decode_entry(raw)
    if address_of(entry.public_key) != account:
        raise EntryInvalid(f"its public key is not that of {address_to_hex(account)}")
    return entry


def _holds(ref: ProviderRef, client: Address, registry_domain: Domain, now: int) -> bool:
    try:
        verify_agreement(ref, client, registry_domain, now)
    except (EntryInvalid, BadSignature) as error:
        log.info("an agreement does not count: %s", error)
        return False
    return True


def _encode(required: dict[int, Any], optional: dict[int, Any]) -> bytes:
    body = {0: FORMAT, **required, **{k: v for k, v in optional.items() if v not in (None, [], {})}}
    data = plain_cbor.encode(body)
    _require(len(data) <= MAX_SIZE, f"it has {len(data)} bytes, at most {MAX_SIZE} are allowed")
    return data


def _decode(data: bytes, build: Callable[[dict[Any, Any]], E_]) -> E_:
    _require(len(data) <= MAX_SIZE, f"it has {len(data)} bytes, at most {MAX_SIZE} are allowed")
    body = _load(data)
    _require(isinstance(body, dict), "it is no CBOR map")
    _require(body.get(0) == FORMAT, f"its format is not {FORMAT}")
    entry = build(body)
    # Catches unknown and repeated fields, trailing bytes and every other spelling of the same entry.
    _require(entry.encode() == data, "it is not in deterministic form or has unknown fields")
    return entry


def _load(data: bytes) -> Any:
    try:
        return plain_cbor.decode(data)
    except ValueError as error:
        raise EntryInvalid(str(error)) from None


def _client(body: dict[Any, Any]) -> ClientEntry:
    refs = [_row(row, 4, "a provider") for row in _list(body.get(5, []), "providers")]
    return ClientEntry(
        public_key=body.get(1, b""),
        api_versions=tuple(_list(body.get(2), "API versions")),
        contact=body.get(3),
        sealing_key=body.get(4),
        providers=tuple(ProviderRef(*ref) for ref in refs),
        uuid=body.get(6),
    )


def _service(body: dict[Any, Any]) -> ServiceEntry:
    costs = [_row(row, 3, "a cost") for row in _list(body.get(4), "costs")]
    details = body.get(6, {})
    _require(isinstance(details, dict), "details are no map")
    return ServiceEntry(
        public_key=body.get(1, b""),
        api_versions=tuple(_list(body.get(2), "API versions")),
        service_type=body.get(3, ""),
        costs=tuple(Cost(*cost) for cost in costs),
        location=body.get(5),
        details=details,
    )


def _check_common(public_key: Any, api_versions: tuple[Any, ...]) -> None:
    _require(_is_public_key(public_key), "its public key is no compressed secp256k1 key")
    _require(bool(api_versions), "it names no API version")
    _require(
        all(_is_int(v, 1, 2**32 - 1) for v in api_versions), "an API version is 1 or more and fits 32 bits"
    )
    _require(list(api_versions) == sorted(set(api_versions)), "its API versions do not rise")


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise EntryInvalid(reason)


def _list(value: Any, what: str) -> list[Any]:
    _require(isinstance(value, list), f"its {what} are no list")
    return list(value)


def _row(value: Any, length: int, what: str) -> list[Any]:
    _require(isinstance(value, list) and len(value) == length, f"{what} is a list of {length}")
    return list(value)


def _is_public_key(value: Any) -> bool:
    if not _is_bytes(value, 33):
        return False
    try:
        PublicKey(value)
    except ValueError:
        return False
    return True


def _is_bytes(value: Any, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


def _is_uuid4(value: Any) -> bool:
    return _is_bytes(value, 16) and value[6] >> 4 == 4 and value[8] >> 6 == 2


def _is_int(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _is_service_type(value: Any) -> bool:
    return isinstance(value, str) and _SERVICE_TYPE.fullmatch(value) is not None


def _is_detail(key: Any, value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return _is_text(key) and all(_is_text(text) for text in texts)
