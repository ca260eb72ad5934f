from __future__ import annotations

from kallphone.hardware.pins import BOUNCE_MS
from kallphone.phone.events import HookFlashed, OffHook, OnHook

HookEvent = OffHook | OnHook | HookFlashed

LIFT_SETTLES_S = 0.03
"""A lift wants its dial tone at once; what bounces behind it hangs nothing up."""

BOUNCE_S = BOUNCE_MS / 1000


class Cradle:
    """What the edges of a hook contact mean, in seconds of the caller's clock; starts on-hook.

    Bounce chatters around a lift or a lowering, a flash is one steady press while the handset is lifted. So a
    press counts if it is long enough and no bounce of the lift, and it is told when a lowering's bounce would
    be over and the contact is lifted all the same. A press that outlasts the longest flash hangs up, so that
    there is no length of a press that means nothing.
    """

    def __init__(self, flash_s: tuple[float, float], now: float) -> None:
        self._shortest, self._longest = flash_s
        self.off_hook = False
        self._lifted = False
        self._since = now
        self._lift_calm_at = now
        self._pressed_at: float | None = None

    def edge(self, *, lifted: bool, at: float) -> list[HookEvent]:
        """The contact changed; `at` is not before any earlier time given."""
        events = self.advance(at)
        if lifted is not self._lifted:
            if lifted and self._was_flash(at):
                self._pressed_at = self._since
            self._lifted, self._since = lifted, at
        return events

    def advance(self, now: float) -> list[HookEvent]:
        """What has become certain by `now` without an edge."""
        due = self._due()
        return [self._settle()] if due is not None and now >= due else []

    def due_in(self, now: float) -> float | None:
        """Seconds until `advance` has something to say; None where only an edge can bring it."""
        due = self._due()
        return None if due is None else max(0.0, due - now)

    def _was_flash(self, at: float) -> bool:
        return self.off_hook and self._since >= self._lift_calm_at and at - self._since >= self._shortest

    def _due(self) -> float | None:
        if self._lifted is not self.off_hook:
            return self._since + (LIFT_SETTLES_S if self._lifted else self._longest)
        if self._pressed_at is not None:
            return max(self._since + LIFT_SETTLES_S, self._pressed_at + BOUNCE_S)
        return None

    def _settle(self) -> HookEvent:
        self._pressed_at = None
        if self._lifted is self.off_hook:
            return HookFlashed()
        self.off_hook = self._lifted
        self._lift_calm_at = self._since + BOUNCE_S
        return OffHook() if self.off_hook else OnHook()
