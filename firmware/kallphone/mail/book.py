from __future__ import annotations

import threading

from kallnet.account import Address
from kallnet.entries import ClientEntry, ServiceEntry
from kallnet.number import KallNumber
from kallphone.directory import Entries, Heads, number_of


class SharedBook:
    """The ledger's entries and numbers for several threads, one of them at a time."""

    def __init__(self, entries: Entries, heads: Heads) -> None:
        self._entries = entries
        self._heads = heads
        self._lock = threading.Lock()

    def resolve(self, number: KallNumber) -> Address | None:
        with self._lock:
            return self._entries.resolve(number)

    def client_entry(self, account: Address) -> ClientEntry | None:
        with self._lock:
            return self._entries.client_entry(account)

    def service_entry(self, account: Address) -> ServiceEntry | None:
        with self._lock:
            return self._entries.service_entry(account)

    def number_of(self, account: Address) -> str:
        """Empty where it has none."""
        with self._lock:
            return number_of(self._entries, self._heads, account)
