"""The ledger: do its endpoints agree, is it alive, does it know this phone; and is the clock its clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kallnet.account import Address, address_to_hex
from kallnet.endpoint import Endpoint, EndpointFailed
from kallnet.entries import ClientEntry
from kallnet.errors import (
    EntryInvalid,
    HeaderInvalid,
    LedgerDisputed,
    LedgerError,
    LedgerRefused,
)
from kallnet.header import Header, header_of
from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.doctor.machine import Machine
from kallphone.doctor.system import SYNCHRONIZED
from kallphone.phone.words import N_

OLD_BLOCK_S = 1800.0
"""A final block of Ethereum is some thirteen minutes old; chains without traffic make one all the same."""

WRONG_CLOCK_S = 60.0


@dataclass(frozen=True)
class Tip:
    """The newest block that enough endpoints agree on, and the newest that any of them has.

    `time` and `newest` are Unix seconds, 0 where nothing is known.
    """

    number: int = 0
    time: int = 0
    newest: int = 0
    answered: int = 0
    asked: int = 0


def read_tip(agreed: Callable[[], Header], endpoints: list[Endpoint], chain_id: int) -> Tip:
    """Raises LedgerError where too few agree."""
    heads = [_head(endpoint, chain_id) for endpoint in endpoints]
    told = [head for head in heads if head is not None]
    newest = max((head.timestamp for head in told), default=0)
    header = agreed()
    return Tip(header.number, header.timestamp, newest, len(told), len(endpoints))


def _head(endpoint: Endpoint, chain_id: int) -> Header | None:
    try:
        block: Any = endpoint.ask("eth_getBlockByNumber", ["latest", False], chain_id=chain_id)
        return header_of(block)
    except (EndpointFailed, LedgerRefused, HeaderInvalid):
        return None


def check_chain(tip: Callable[[], Tip], now: Callable[[], float]) -> tuple[Finding, Tip]:
    try:
        told = tip()
    except LedgerDisputed:
        return bad(
            "ledger",
            N_("The ledger's endpoints say different things. Name three in kallphone.toml, or others."),
        ), Tip()
    except LedgerError as error:
        return bad(
            "ledger",
            N_(
                "The ledger does not answer. See that the network works, and its addresses in kallphone.toml."
            ),
            why=str(error),
        ), Tip()
    age_s = max(0, round(now() - told.newest))
    figures = {"answered": told.answered, "asked": told.asked, "block": told.number, "age_s": age_s}
    if age_s > OLD_BLOCK_S:
        return warning(
            "ledger",
            N_(
                "The ledger's newest block is {age_s} s old. Look at the clock; else its endpoints "
                "are behind."
            ),
            **figures,
        ), told
    if told.answered < told.asked:
        return warning(
            "ledger",
            N_("{answered} of {asked} endpoints of the ledger answer. Calls work; replace the others."),
            **figures,
        ), told
    return good("ledger", N_("{answered} of {asked} endpoints agree on block {block}."), **figures), told


def check_registered(entry: Callable[[Address], ClientEntry | None], account: Address | None) -> Finding:
    """Is this phone in the ledger's telephone book?"""
    if account is None:
        return skipped("account", N_("This phone has no account yet: it is made at its first start."))
    told = address_to_hex(account)
    try:
        found = entry(account)
    except EntryInvalid:
        return bad(
            "account",
            N_("The ledger's entry of this phone is broken. The phone mends it when its line opens."),
            account=told,
        )
    except LedgerError:
        return skipped("account", N_("The ledger does not answer."), account=told)
    if found is None:
        return bad(
            "account",
            N_("The ledger does not know this phone. Wait for its line; see This phone, Line."),
            account=told,
        )
    if not found.providers:
        return bad(
            "account",
            N_("No provider's agreement holds. Wait for the line to be opened again."),
            account=told,
        )
    return good("account", N_("The ledger knows this phone."), account=told)


def check_line(status: dict[str, Any] | None) -> Finding:
    """What the running phone says of itself."""
    if status is None or status.get("mode") != "phone":
        return skipped("line", N_("The phone does not run now."))
    if not status.get("registered"):
        return bad(
            "line", N_("The phone is not registered with its provider. What is bad above comes first.")
        )
    return good("line", N_("Registered: calls can come and go."))


def check_clock(machine: Machine, now: Callable[[], float], tip: Tip) -> Finding:
    """A block is never from the future: a clock behind one is wrong, and certificates fail by it."""
    synchronized = machine.path(SYNCHRONIZED).exists()
    offset_s = round(now() - tip.newest) if tip.newest else None
    if offset_s is not None and offset_s < -WRONG_CLOCK_S:
        return bad(
            "clock",
            N_("The clock is {behind_s} s behind. It is set from the internet: see that the network works."),
            behind_s=-offset_s,
        )
    if not machine.path(SYNCHRONIZED).parent.exists():
        return skipped("clock", N_("systemd-timesyncd does not set the clock here."), offset_s=offset_s)
    if not synchronized:
        return warning(
            "clock", N_("The clock is not set from the internet yet. Wait a minute, then look again.")
        )
    return good("clock", N_("Set from the internet."), offset_s=offset_s)
