from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from kallphone.phone.sound import Levels

log = logging.getLogger(__name__)

# The first of these that a card has is set. Names are those of USB handsets, WM8960 boards and the Pi's own.
HANDSET = ("Headphone", "Headset", "Earpiece", "Speaker", "PCM", "Master")
SPEAKER = ("Speaker", "Speaker Playback", "PCM", "Master")
SIDETONE = ("Sidetone", "Mic Sidetone", "Headset Sidetone", "Mic", "Microphone")

Choice = tuple[str, int, bool]
"""A control, its step, and whether it is boosted."""

TOP = 10
STEP_DB = 3.0
BOOST_DB = 12.0
"""Gain for the hard of hearing: 47 CFR 68.317 wants 12 dB and more."""

SANE_DB = 100

_NAMED_CARD = re.compile(r"\b(CARD=[^,]+)")
_NUMBERED_CARD = re.compile(r"(?:plug)?hw:(\w+)")

LOWEST_PERCENT = 20
UNBOOSTED_PERCENT = 80


class AlsaMixer:
    """Volumes of a sound card, set on its own thread, since a USB card may take its time.

    `device` as ALSA names it for sound, "null" for none; `alsa` stands in for the alsaaudio module. Controls
    are looked up each time, since a handset that is plugged in again may be another one; what a card lacks
    is left alone. A `ringer` with a card of its own gets all that its card has, since the volume of a ring is
    in its samples.
    """

    def __init__(self, device: str, alsa: Any = None, ringer: str = "") -> None:
        self._device = control_device(device)
        self._ringer = control_device(ringer)
        self._alsa = alsa
        self._levels: Levels | None = None
        self._wanted: Levels | None = None
        self._stopping = False
        self._told: set[str] = set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="mixer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def set(self, levels: Levels) -> None:
        with self._changed:
            self._levels = self._wanted = levels
            self._changed.notify_all()

    def set_again(self) -> None:
        """For a card that has just come."""
        with self._changed:
            self._wanted = self._levels
            self._changed.notify_all()

    def _run(self) -> None:
        while (levels := self._take()) is not None:
            self._apply(levels)

    def _take(self) -> Levels | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted is not None or self._stopping)
            levels, self._wanted = self._wanted, None
            return None if self._stopping else levels

    def _apply(self, levels: Levels) -> None:
        self._apply_to(self._device, lambda names: _chosen(names, levels))
        if self._ringer not in ("", self._device):
            self._apply_to(self._ringer, _loudest)

    def _apply_to(self, device: str, choose: Callable[[list[str]], Iterator[Choice]]) -> None:
        if device == "null":
            return
        if self._alsa is None:
            import alsaaudio

            self._alsa = alsaaudio
        try:
            for name, step, boost in choose(self._alsa.mixers(device=device)):
                self._set(device, name, step, boost=boost)
        except self._alsa.ALSAAudioError as error:
            if device not in self._told:
                log.warning("the volumes of %r can't be set: %s", device, error)
            self._told.add(device)
        else:
            self._told.discard(device)

    def _set(self, device: str, name: str, step: int, *, boost: bool) -> None:
        alsa = self._alsa
        control = alsa.Mixer(control=name, device=device)
        try:
            if not _plays(control.volumecap()):
                return
            if _plays(control.switchcap()):
                control.setmute(step == 0)
            span = _range_db(alsa, control)
            if span and step:
                hundredths = round(100 * level_db(step, span, boost=boost))
                control.setvolume(hundredths, pcmtype=alsa.PCM_PLAYBACK, units=alsa.VOLUME_UNITS_DB)
            else:
                control.setvolume(level_percent(step, boost=boost), pcmtype=alsa.PCM_PLAYBACK)
        finally:
            control.close()


def control_device(device: str) -> str:
    """The card whose mixer belongs to a sound device, such as hw:CARD=Device to plughw:CARD=Device,DEV=0."""
    card = _NAMED_CARD.search(device) or _NUMBERED_CARD.match(device)
    return f"hw:{card[1]}" if card else device


def level_db(step: int, span: tuple[float, float], *, boost: bool) -> float:
    """Three decibels a step; at the top the card's most, less what is kept for the boost."""
    lowest, highest = span
    reserve = min(BOOST_DB, (highest - lowest) / 3)
    return max(lowest, highest - reserve - (TOP - step) * STEP_DB + (reserve if boost else 0))


def level_percent(step: int, *, boost: bool) -> int:
    """For a control that does not say what its steps are worth."""
    if step == 0:
        return 0
    level = LOWEST_PERCENT + (UNBOOSTED_PERCENT - LOWEST_PERCENT) * step // TOP
    return level + (100 - UNBOOSTED_PERCENT if boost else 0)


def _chosen(names: list[str], levels: Levels) -> Iterator[Choice]:
    """Each path's control; one that is the earpiece's too keeps the earpiece's level."""
    handset = _first(HANDSET, names)
    speaker = _first(SPEAKER, [name for name in names if name != handset])
    sidetone = _first(SIDETONE, names)
    for name, step, boost in (
        (handset, levels.handset, levels.boost),
        (speaker, levels.speaker, False),
        (sidetone, levels.sidetone, False),
    ):
        if name is not None:
            yield name, step, boost


def _loudest(names: list[str]) -> Iterator[Choice]:
    name = _first((*SPEAKER, *HANDSET), names)
    if name is not None:
        yield name, TOP, True


def _first(wanted: tuple[str, ...], names: list[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _plays(capabilities: list[str]) -> bool:
    return any("Capture" not in capability for capability in capabilities)


def _range_db(alsa: Any, control: Any) -> tuple[float, float] | None:
    """Lowest and highest gain in decibels, None where the card does not say; ALSA counts hundredths."""
    low, high = control.getrange(pcmtype=alsa.PCM_PLAYBACK, units=alsa.VOLUME_UNITS_DB)
    # pyalsaaudio answers what happened to be in memory for a card without decibels.
    return (low / 100, high / 100) if low < high and abs(high) < SANE_DB * 100 else None
