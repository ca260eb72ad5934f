from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from kallnet.account import Address, address_to_hex
from kallnet.entries import PROXY, ServiceEntry
from kallphone.payments.errors import NotAProvider


class Services(Protocol):
    def service_entry(self, account: Address) -> ServiceEntry | None: ...


def api_url(services: Services, provider: Address) -> str:
    """Where the ledger says that the provider's HTTP API is; raises NotAProvider and LedgerError."""
    service = services.service_entry(provider)
    url = service.details.get("api") if service is not None and service.service_type == PROXY else None
    if not isinstance(url, str) or not _is_safe(url):
        raise NotAProvider(f"the ledger lists no proxy with an https API for {address_to_hex(provider)}")
    return url


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1")
