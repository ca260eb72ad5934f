from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kallnet.account import Address


@dataclass(frozen=True)
class PaymentsSettings:
    """`deposit_target` is what the phone keeps on deposit with its provider, in base units; within 24 hours
    it puts at most `deposit_per_day` there (0: no bound). `owner` is the only account that the phone's menu
    sends coins to.

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
    deposit_per_day: int = 0
    owner: Address | None = None
    publish_ratings: bool = True
    stop_vouchers_after: int | None = None
