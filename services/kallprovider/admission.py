from __future__ import annotations

from dataclasses import dataclass

from kallprovider import exposure
from kallprovider.exposure import Stop, Tab


@dataclass(frozen=True, slots=True)
class Payer:
    """One side of a call; `share` per period. `is_leaving`: its deposit is on the way back to it."""

    share: int
    tab: Tab
    is_leaving: bool
    written_off_lately: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A SIP status and its words."""

    code: int
    words: str


def caller_refusal(payer: Payer, max_float: int) -> Refusal | None:
    """Why this caller must not start a call; None lets it."""
    if payer.share == 0:
        return None
    if payer.is_leaving:
        return Refusal(402, "Top up: the deposit is being paid back")
    if exposure.is_bad_risk(payer.written_off_lately, max_float):
        return Refusal(403, "Too many unpaid calls: try again tomorrow")
    match exposure.stop(payer.tab, payer.share, max_float):
        case Stop.DEPOSIT:
            return Refusal(402, "Top up: the deposit covers no further period")
        case Stop.FLOAT:
            return Refusal(402, "Earlier periods are unpaid: send their voucher")
    return None


def callee_refusal(payer: Payer, max_float: int) -> Refusal | None:
    """The caller can't mend what the other side owes, so it hears only that."""
    if caller_refusal(payer, max_float) is None:
        return None
    return Refusal(480, "The other side has no credit for its share")
