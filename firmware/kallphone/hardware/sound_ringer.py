from __future__ import annotations

import array
import logging
import math
from collections.abc import Iterator
from typing import Any

from kallphone.hardware.cadence import CadenceRinger, beats
from kallphone.phone.sound import Ring

log = logging.getLogger(__name__)

RATE = 48_000
BLOCK = RATE // 50

WARBLE_HZ = (800, 1000)
WARBLE_S = 0.04
"""Each of the two in turn, low enough for old ears: whole waves, so that they join without a click."""

STEP_DB = 3.0



def warble(volume: int) -> bytes:
    """One turn of the ring tone, 16 bits a sample; full scale at volume 10."""
    peak = 32_000 * 10 ** ((volume - 10) * STEP_DB / 20) if volume else 0.0
    count = round(RATE * WARBLE_S)
    return array.array(
        "h", (round(peak * math.sin(2 * math.pi * hz * n / RATE)) for hz in WARBLE_HZ for n in range(count))
    ).tobytes()


def blocks(ring: Ring) -> Iterator[bytes]:
    """The ring as sound, 20 ms at a time, without end."""
    turn, silent = warble(ring.volume), bytes(2 * BLOCK)
    for on, seconds in beats(ring):
        for block in range(round(seconds * RATE / BLOCK)):
            start = block * len(silent) % len(turn)
            yield turn[start : start + len(silent)] if on else silent


class SoundRinger(CadenceRinger):
    """Rings through a sound card; where the card is missing or busy, the fallback rings in its place.

    `device` as ALSA names it; `alsa` stands in for the alsaaudio module.
    """

    def __init__(self, device: str, fallback: CadenceRinger, alsa: Any = None) -> None:
        super().__init__("ringer")
        self._device = device
        self._fallback = fallback
        self._alsa = alsa

    def start(self) -> None:
        self._fallback.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        self._fallback.stop()

    def _sound(self, ring: Ring) -> None:
        if self._alsa is None:
            import alsaaudio

            self._alsa = alsaaudio
        try:
            self._play(ring)
        except self._alsa.ALSAAudioError as error:
            log.warning("the ringer's card %r can't be used (%s): the buzzer rings", self._device, error)
            self._fallback.ring(ring)
            self._over(None)
            self._fallback.ring(None)

    def _play(self, ring: Ring) -> None:
        alsa = self._alsa
        card = alsa.PCM(
            type=alsa.PCM_PLAYBACK, mode=alsa.PCM_NORMAL, device=self._device,
            rate=RATE, channels=1, format=alsa.PCM_FORMAT_S16_LE, periodsize=BLOCK,
        )
        try:
            for block in blocks(ring):
                # The card sets the pace: `write` returns when it wants the next block.
                if self._over(0):
                    return
                card.write(block)
        finally:
            card.close()
