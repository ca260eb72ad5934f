from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PaymentsSettings:
    """`deposit_target` is what the phone keeps on deposit with its provider, in base units.

    `ca_file` is the authority that signed the providers' certificates; None takes the system's. With
    `stop_vouchers_after`, the phone goes on signing but delivers no voucher after that many: a cheat, to
    show what a provider does about it.
    """

    provider_api: str
    deployment: Path
    rpc: tuple[str, ...]
    agree: int | None
    deposit_target: int
    ca_file: Path | None = None
    publish_ratings: bool = True
    stop_vouchers_after: int | None = None
