from __future__ import annotations

from kallnet.account import Account, Address
from kallnet.entries import PROXY, ProviderRef
from tests.sip.agent import REGISTRY

__all__ = ["HOME", "MACHINE", "REGISTRY"]

MACHINE = Account(b"\x07" * 32)
HOME = ProviderRef(Address(b"\x01" * 20), PROXY, 2_000_000_000, b"\x01" * 65)
