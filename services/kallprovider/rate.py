from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

from kallprovider.errors import TooMany

MAX_KEYS = 100_000


class RateLimit:
    """At most `limit` uses a key in any `window` seconds of the injected clock."""

    def __init__(self, limit: int, window: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._uses: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def allow(self, key: Hashable) -> bool:
        """Counts the use only when it is allowed."""
        uses = self._recent(key)
        if len(uses) >= self._limit:
            return False
        uses.append(self._clock())
        return True

    def wait(self, key: Hashable) -> float:
        """Seconds until the next use would be allowed; with a limit of zero, the whole window."""
        uses = self._recent(key)
        if len(uses) < self._limit:
            return 0.0
        return uses[0] + self._window - self._clock() if uses else self._window

    def _recent(self, key: Hashable) -> deque[float]:
        uses = self._uses.setdefault(key, deque())
        self._uses.move_to_end(key)
        horizon = self._clock() - self._window
        while uses and uses[0] <= horizon:
            uses.popleft()
        if len(self._uses) > MAX_KEYS:
            self._uses.popitem(last=False)
        return uses


def spend(rate: RateLimit, remote: str | None) -> None:
    """Counts a request from there; raises TooMany when it is one too many."""
    source = source_of(remote)
    if not rate.allow(source):
        raise TooMany(f"too many requests: try again in {rate.wait(source) / 60:.0f} minutes")


def source_of(remote: str | None) -> str:
    """The network that a request is counted for: an IPv4 address, or the /64 that one IPv6 user owns."""
    try:
        address = ipaddress.ip_address(remote or "")
    except ValueError:
        return remote or "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
