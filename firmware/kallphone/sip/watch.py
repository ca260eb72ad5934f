from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True)
class MediaSample:
    """What the media transport says of itself; `suite` is SRTP's in use, None where nothing is secured."""

    suite: str | None
    packets: int


class Verdict(Enum):
    STARTED = auto()
    NEVER_STARTED = auto()
    FELL_SILENT = auto()


class MediaWatch:
    """Sound is there once a packet came through SRTP; it must come in time and keep coming.

    Times are seconds of the caller's clock. While the far end has `held` us it owes no sound.
    """

    def __init__(self, now: float, start_within_s: float, silent_for_s: float) -> None:
        self._start_within_s = start_within_s
        self._silent_for_s = silent_for_s
        self._heard_at = now
        self._packets = 0
        self._next = now
        self._since = now
        self.started = False
        self.held = False

    def due(self, now: float) -> bool:
        return now >= self._next

    def talked(self, now: float) -> float:
        """Seconds since sound started."""
        return now - self._since if self.started else 0.0

    def silent(self, now: float) -> float:
        """Seconds without a packet, to the second."""
        return now - self._heard_at

    def observe(self, now: float, sample: MediaSample) -> Verdict | None:
        verdict = self._judge(now, sample)
        self._next = now + (1.0 if self.started else 0.02)
        return verdict

    def _judge(self, now: float, sample: MediaSample) -> Verdict | None:
        if sample.suite is not None and sample.packets != self._packets:
            self._packets = sample.packets
            self._heard_at = now
            return self._first(now)
        return self._overdue(now)

    def _first(self, now: float) -> Verdict | None:
        if self.started:
            return None
        self.started = True
        self._since = now
        return Verdict.STARTED

    def _overdue(self, now: float) -> Verdict | None:
        if self.held:
            self._heard_at = now
        gap = now - self._heard_at
        if self.started:
            return Verdict.FELL_SILENT if gap >= self._silent_for_s else None
        return Verdict.NEVER_STARTED if gap >= self._start_within_s else None
