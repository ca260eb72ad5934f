"""One question about one account, answered in one line of text.

`uuid` and `location` are KRYPTON's questions, `provider` the account that answers for the location; `number`
is the Kall number, `entry` and `service` the published bytes of the client and the service entry in hex.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kallnet.account import Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.entries import (
    PROXY,
    ClientEntry,
    ServiceEntry,
    decode_client,
    decode_service,
    own_entry,
    verify_agreement,
)
from kallnet.errors import BadSignature, EntryInvalid, EntryLapsed, NotListed
from kallnet.ledger import Head, Record
from kallnet.messages import CLIENT, SERVICE
from kallnet.typed import registry_domain

_NAMES = {CLIENT: "client entry", SERVICE: "service entry"}


class Entries(Protocol):
    """What a question reads; kallnet.ledger.Ledger is one."""

    deployment: Deployment

    def live_entry(self, kind: int, account: Address) -> tuple[Record, bytes | None]: ...
    def chain_time(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that agreed to serve a client and is on the ledger; `location` is its domain."""

    provider: Address
    location: str
    service: ServiceEntry


def query(entries: Entries, kind: str, account: Address) -> str:
    """Raises NotListed, EntryLapsed, EntryInvalid for what was published unusable, or LedgerError."""
    question = _QUESTIONS.get(kind)
    if question is None:
        raise ValueError(f"{kind!r} is none of {', '.join(QUERIES)}")
    return question(entries, account)


def published(entries: Entries, kind: int, account: Address) -> tuple[Head, bytes]:
    """The live entry's record and bytes."""
    record, raw = entries.live_entry(kind, account)
    head = record.head
    what = f"the {_NAMES[kind]} of {address_to_hex(account)}"
    if head.expiry == 0:
        raise NotListed(f"{address_to_hex(account)} has no {_NAMES[kind]} on the ledger")
    if raw is None:
        raise EntryLapsed(what, head.expiry)
    return head, raw


def client_entry(entries: Entries, account: Address) -> ClientEntry:
    return own_entry(published(entries, CLIENT, account)[1], account, decode_client)


def service_entry(entries: Entries, account: Address) -> ServiceEntry:
    return own_entry(published(entries, SERVICE, account)[1], account, decode_service)


def proxies(entries: Entries, account: Address, entry: ClientEntry) -> Iterator[Proxy]:
    """The client's proxies in its own order, without those whose agreement or service entry does not hold."""
    domain, now = registry_domain(entries.deployment), entries.chain_time()
    for ref in entry.providers:
        if ref.service_type != PROXY:
            continue
        try:
            verify_agreement(ref, account, domain, now)
            service = service_entry(entries, ref.provider)
        except (EntryInvalid, BadSignature, NotListed, EntryLapsed):
            continue
        location = service.details.get("domain")
        if service.service_type == PROXY and isinstance(location, str):
            yield Proxy(ref.provider, location, service)


def proxy_of(entries: Entries, account: Address) -> Proxy:
    found = next(proxies(entries, account, client_entry(entries, account)), None)
    if found is None:
        who = address_to_hex(account)
        raise NotListed(f"{who} has no provider: none that it names is deployed and agreed to serve it")
    return found


def uuid_of(entries: Entries, account: Address) -> UUID:
    entry = client_entry(entries, account)
    if entry.uuid is None:
        raise NotListed(f"the client entry of {address_to_hex(account)} names no uuid")
    return UUID(bytes=entry.uuid)


def _hex_of(kind: int) -> Callable[[Entries, Address], str]:
    return lambda entries, account: "0x" + published(entries, kind, account)[1].hex()


_QUESTIONS: dict[str, Callable[[Entries, Address], str]] = {
    "uuid": lambda entries, account: str(uuid_of(entries, account)),
    "provider": lambda entries, account: address_to_hex(proxy_of(entries, account).provider),
    "location": lambda entries, account: proxy_of(entries, account).location,
    "number": lambda entries, account: str(published(entries, CLIENT, account)[0].number),
    "entry": _hex_of(CLIENT),
    "service": _hex_of(SERVICE),
}
QUERIES = tuple(_QUESTIONS)
