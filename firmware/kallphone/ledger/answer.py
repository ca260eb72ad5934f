from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """A verb's answer: lines for people, fields for `--json`."""

    lines: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mined:
    transaction: bytes
    block: int
    gas_used: int

    def line(self) -> str:
        return f"block {self.block}, {self.gas_used:,} gas, transaction 0x{self.transaction.hex()}"

    def fields(self) -> dict[str, Any]:
        return {
            "transaction": "0x" + self.transaction.hex(),
            "block": self.block,
            "gas_used": self.gas_used,
        }


def when(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC"


def kall(amount: int) -> str:
    """Base units as people write them: 0.02 kallCoin."""
    return f"{Decimal(amount).scaleb(-6).normalize():f} kallCoin"
