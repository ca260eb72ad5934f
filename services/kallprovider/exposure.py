from __future__ import annotations

import enum
from dataclasses import dataclass, replace

WRITE_OFF_WINDOW = 86_400.0
WRITE_OFF_FLOATS = 4


class Stop(enum.Enum):
    FLOAT = "no voucher came for the periods served"
    DEPOSIT = "the deposit covers no further period"


@dataclass(frozen=True, slots=True)
class Tab:
    """What one client owes in one epoch of its channel; every field is a total of that epoch.

    `forgivable` is the part of `written_off` that a last voucher, still on its way when the call ended, may
    take back; the next charge ends that.
    """

    epoch: int
    deposited: int
    owed: int = 0
    written_off: int = 0
    voucher: int = 0
    forgivable: int = 0

    @property
    def unpaid(self) -> int:
        """Negative by what the client has paid ahead."""
        return self.owed - self.written_off - self.voucher

    @property
    def payable(self) -> int:
        """What the deposit can still bear on top of what is owed."""
        return self.deposited - self.owed + self.written_off


def stop(tab: Tab, amount: int, max_float: int) -> Stop | None:
    """Why `amount` more must not be served on trust."""
    if amount == 0:
        return None
    if tab.payable < amount:
        return Stop.DEPOSIT
    if tab.unpaid + amount > max_float:
        return Stop.FLOAT
    return None


def charge(tab: Tab, amount: int) -> Tab:
    return replace(tab, owed=tab.owed + amount, forgivable=0) if amount else tab


def pay(tab: Tab, cumulative: int) -> Tab:
    """Vouchers never fall: a lower one changes nothing."""
    paid = replace(tab, voucher=max(tab.voucher, cumulative))
    back = min(paid.forgivable, max(0, -paid.unpaid))
    return replace(paid, written_off=paid.written_off - back, forgivable=paid.forgivable - back)


def fall_back(tab: Tab, cumulative: int) -> Tab:
    """What was accepted above `cumulative` will not be paid after all."""
    return replace(tab, voucher=min(tab.voucher, cumulative))


def write_off(tab: Tab) -> Tab:
    rest = max(0, tab.unpaid)
    return replace(tab, written_off=tab.written_off + rest, forgivable=tab.forgivable + rest)


def is_bad_risk(written_off_lately: int, max_float: int) -> bool:
    """`written_off_lately`: what this client has cost in the last WRITE_OFF_WINDOW seconds."""
    return written_off_lately > WRITE_OFF_FLOATS * max_float
