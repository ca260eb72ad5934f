from __future__ import annotations

from dataclasses import asdict

from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.entries import decode_client, decode_service, own_entry
from kallnet.errors import NotListed
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import KallNumber, format_number, parse_number
from kallnet.opinions import read_opinions
from kallnet.query import QUERIES, published, query
from kallnet.reputation import EPOCH_LENGTH, reputation
from kallphone.ledger import entry_text
from kallphone.ledger.answer import Said
from kallphone.ledger.desk import Desk
from kallphone.ledger.errors import UsageError


def version(desk: Desk) -> Said:
    (said,) = desk.view(desk.deployment.krypton, "version()", ("string",))
    return Said((said,), {"version": said})


def ask(desk: Desk, kind: str, who: str) -> Said:
    """One of kallnet.query's questions about an address or a Kall number."""
    if kind not in QUERIES:
        raise UsageError(f"there is no {kind[:64]!r} to query: it is one of {', '.join(QUERIES)}")
    account = account_of(desk, who)
    if kind in ("entry", "service"):
        return _whole_entry(desk, kind, account)
    result = query(desk.ledger, kind, account)
    line = format_number(KallNumber(int(result))) if kind == "number" else result
    return Said((line,), {"type": kind, "address": address_to_hex(account), "result": result})


def number(desk: Desk, address: str) -> Said:
    return ask(desk, "number", address)


def rated(desk: Desk, service: str) -> Said:
    """What clients measured on their calls through a service, weighed and proved."""
    account = account_of(desk, service)
    opinions = read_opinions(desk.ledger, account)
    found = reputation(opinions, opinions.proved_at.timestamp // EPOCH_LENGTH)
    who = address_to_hex(account)
    lines = [f"{who}: {found.words}"]
    if found.confidence:
        sure = f"confidence {found.confidence:.2f}"
        lines.append(f"MOS between {found.low:.1f} and {found.high:.1f} (95 %), {sure}")
        lines.append(f"loss {found.loss:.1%}, jitter {found.jitter:.0f} ms, delay {found.delay:.0f} ms")
    read = len(opinions.raters())
    if read < opinions.count:
        lines.append(f"by {read} of {opinions.count} who rated it, drawn at random")
    return Said(tuple(lines), {"service": who, "block": opinions.proved_at.number, **asdict(found)})


def account_of(desk: Desk, who: str) -> Address:
    if who.startswith("0x"):
        return address_from_hex(who)
    wanted = parse_number(who)
    account = desk.ledger.resolve(wanted)
    if account is None:
        raise NotListed(f"nobody has the number {format_number(wanted)}")
    return account


def _whole_entry(desk: Desk, kind: str, account: Address) -> Said:
    registrar = CLIENT if kind == "entry" else SERVICE
    head, raw = published(desk.ledger, registrar, account)
    if registrar == CLIENT:
        client = own_entry(raw, account, decode_client)
        rows = entry_text.client_rows(desk.ledger, account, head, client)
    else:
        rows = entry_text.service_rows(account, head, own_entry(raw, account, decode_service))
    fields = {"type": kind, "address": address_to_hex(account), "result": "0x" + raw.hex()}
    return Said(entry_text.table(rows), fields)
