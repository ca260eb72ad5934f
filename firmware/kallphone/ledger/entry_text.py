"""Entries in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from kallnet.account import Address, address_to_hex
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry, verify_agreement
from kallnet.errors import BadSignature, EntryInvalid, KallnetError, LedgerError
from kallnet.ledger import Head
from kallnet.number import KallNumber, format_number
from kallnet.query import Entries, service_entry
from kallnet.typed import registry_domain
from kallphone.ledger.answer import kall, when

Row = tuple[str, str]


def client_rows(entries: Entries, account: Address, head: Head, entry: ClientEntry) -> list[Row]:
    rows = [("client", address_to_hex(account)), ("number", format_number(KallNumber(head.number)))]
    rows += _common(head, entry.api_versions)
    if entry.uuid is not None:
        rows.append(("uuid", str(UUID(bytes=entry.uuid))))
    if entry.contact is not None:
        rows.append(("contact", entry.contact))
    if entry.sealing_key is not None:
        rows.append(("sealing key", entry.sealing_key.hex()))
    now = entries.chain_time()
    for ref in entry.providers:
        rows += _provider_rows(entries, account, ref, now)
    return rows


def service_rows(account: Address, head: Head, entry: ServiceEntry) -> list[Row]:
    rows = [("service", address_to_hex(account)), ("type", entry.service_type)]
    rows += _common(head, entry.api_versions)
    rows += [("cost", _cost(cost)) for cost in entry.costs]
    if entry.location is not None:
        rows.append(("location", entry.location))
    for key, value in entry.details.items():
        rows.append((key, value if isinstance(value, str) else ", ".join(value)))
    return rows


def table(rows: Iterable[Row]) -> tuple[str, ...]:
    rows = list(rows)
    width = max(len(label) for label, _ in rows)
    return tuple(f"{label:{width}}  {value}" for label, value in rows)


def _common(head: Head, api_versions: tuple[int, ...]) -> list[Row]:
    versions = ", ".join(str(version) for version in api_versions)
    return [("until", f"{when(head.expiry)}, published in block {head.block}"), ("API", versions)]


def _provider_rows(entries: Entries, client: Address, ref: ProviderRef, now: int) -> Iterator[Row]:
    yield ref.service_type, address_to_hex(ref.provider)
    try:
        verify_agreement(ref, client, registry_domain(entries.deployment), now)
    except (EntryInvalid, BadSignature) as error:
        yield "", f"not agreed: {error}"
    else:
        yield "", f"agreed until {when(ref.expiry)}"
    yield "", _door(entries, ref.provider)


def _door(entries: Entries, provider: Address) -> str:
    try:
        domain = service_entry(entries, provider).details.get("domain")
    except LedgerError:
        raise
    except KallnetError as error:
        return f"not deployed: {error}"
    return f"at {domain}" if isinstance(domain, str) else "with no domain"


def _cost(cost: Cost) -> str:
    price = f"{kall(cost.price)} per 15 s" if cost.price else "free"
    return f"{price} (API {cost.api_version}, the inviter pays {cost.inviter_share} %)"
