from __future__ import annotations

from collections.abc import Callable

REST_SETTLES_S = 1.0

CONFIRMED_AFTER_S = 3 * 3600.0


class HookPolarity:
    """Whether a closed hook contact means a lifted handset: None until it is known.

    The handset rests when the phone is first switched on: what the contact is then, for a settled while, is
    on-hook. It counts at once but is remembered only when the contact has stayed one way for three hours,
    longer than any call: that way is on-hook, whatever was thought before. So a phone that was first
    switched on with its handset lifted is put right by hanging up and switching it on again, or by the
    first night.
    """

    def __init__(
        self, known: bool | None, remember: Callable[[bool], None], now: float, *, closed: bool
    ) -> None:
        self.lifted_closed = known
        self._confirmed = known is not None
        self._remember = remember
        self._closed = closed
        self._since = now

    def edge(self, *, closed: bool, at: float) -> None:
        if closed is not self._closed:
            self._closed, self._since = closed, at

    def advance(self, now: float) -> None:
        if self._confirmed:
            return
        rested = now - self._since
        if rested >= CONFIRMED_AFTER_S:
            self.lifted_closed = not self._closed
            self._confirmed = True
            self._remember(self.lifted_closed)
        elif self.lifted_closed is None and rested >= REST_SETTLES_S:
            self.lifted_closed = not self._closed

    def due_in(self, now: float) -> float | None:
        """Seconds until `advance` may learn something; None where nothing is left to learn."""
        if self._confirmed:
            return None
        wait = REST_SETTLES_S if self.lifted_closed is None else CONFIRMED_AFTER_S
        return max(0.0, self._since + wait - now)
