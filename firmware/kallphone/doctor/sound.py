"""Ear and microphone, by what the one plays and the other hears of it.

A tone is switched on and off in a pattern that nothing else in a room has. It is looked for in what the
microphone brings, whatever the delay; plain Python is fast enough for a tone.
"""

from __future__ import annotations

import array
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

RATE = 48_000
TONE_HZ = 1000
"""In the middle of what every handset carries."""

BLOCK = RATE // 50
PATTERN = "1110010111011000010010101111"
"""Each sign lasts SIGN_BLOCKS blocks; its shifts have little in common."""

SIGN_BLOCKS = 3
LONGEST_DELAY_BLOCKS = 50
SURE = 0.6
QUIET_DBFS = -50.0
SILENT_DBFS = -85.0

_PEAK = 12_000
_FULL = 32_768.0
_RAMP = RATE // 400


class SoundFailed(Exception):
    """The sound device can't be opened, or went away; the words are ALSA's."""


@dataclass(frozen=True)
class Loop:
    """`likeness` of what came back to what was played, 0 to 1, and its delay; levels in dB of full scale."""

    likeness: float
    delay_ms: float
    tone_dbfs: float
    loudest_dbfs: float

    @property
    def heard(self) -> bool:
        return self.likeness >= SURE

    @property
    def silent(self) -> bool:
        """A microphone that is not there brings zeros; each that is there has some noise."""
        return self.loudest_dbfs < SILENT_DBFS


class Air(Protocol):
    """A handset: plays samples and gives what was heard meanwhile, 16 bits each at RATE."""

    def through(self, spoken: bytes) -> bytes:
        """Raises SoundFailed."""


def pattern_of_tone() -> bytes:
    """What is played, and silence behind it for as long as a delay may be."""
    signs = [sign == "1" for sign in PATTERN for _ in range(SIGN_BLOCKS)] + [False] * LONGEST_DELAY_BLOCKS
    samples = array.array("h")
    for block, on in enumerate(signs):
        before = block > 0 and signs[block - 1]
        after = block + 1 < len(signs) and signs[block + 1]
        samples.extend(_tone(on=on, fades_in=not before, fades_out=not after))
    return samples.tobytes()


def measure(heard: bytes) -> Loop:
    """Looks for the pattern at each delay."""
    samples = array.array("h")
    samples.frombytes(heard[: len(heard) // 2 * 2])
    powers = [_tone_power(samples[at : at + BLOCK]) for at in range(0, len(samples) - BLOCK + 1, BLOCK)]
    wanted = [1.0 if sign == "1" else 0.0 for sign in PATTERN for _ in range(SIGN_BLOCKS)]
    levels = [_db(power) for power in powers]
    scored = [
        (_correlation(levels[delay : delay + len(wanted)], wanted), delay)
        for delay in range(min(LONGEST_DELAY_BLOCKS, len(levels) - len(wanted)) + 1)
    ] or [(0.0, 0)]
    likeness, delay = max(scored, key=lambda each: (round(each[0], 6), -each[1]))
    return Loop(
        max(0.0, likeness), delay * 1000 * BLOCK / RATE, max(levels, default=-120.0), _loudest(samples)
    )


class AlsaAir:
    """Through a sound device as ALSA names it; `alsa` stands in for the alsaaudio module."""

    def __init__(self, device: str, alsa: Any = None) -> None:
        self._device = device
        self._alsa = alsa

    def through(self, spoken: bytes) -> bytes:
        alsa = self._alsa or _alsaaudio()
        ear = microphone = None
        try:
            microphone = self._open(alsa, alsa.PCM_CAPTURE)
            ear = self._open(alsa, alsa.PCM_PLAYBACK)
            return _through(ear, microphone, spoken)
        except alsa.ALSAAudioError as error:
            raise SoundFailed(str(error)) from error
        finally:
            for each in (ear, microphone):
                if each is not None:
                    each.close()

    def _open(self, alsa: Any, kind: int) -> Any:
        return alsa.PCM(
            type=kind, mode=alsa.PCM_NORMAL, device=self._device,
            rate=RATE, channels=1, format=alsa.PCM_FORMAT_S16_LE, periodsize=BLOCK,
        )  # fmt: skip


def _through(ear: Any, microphone: Any, spoken: bytes) -> bytes:
    """The card paces both: a thread hands over what is played while this one takes what is heard."""
    failed: list[Exception] = []

    def play() -> None:
        try:
            for at in range(0, len(spoken), 2 * BLOCK):
                ear.write(spoken[at : at + 2 * BLOCK])
        except Exception as error:  # alsaaudio's own, raised where it is waited for
            failed.append(error)

    player = threading.Thread(target=play, name="doctor-ear", daemon=True)
    player.start()
    heard = bytearray()
    while len(heard) < len(spoken) and not failed:
        count, data = microphone.read()
        if count > 0:
            heard += data
        elif not player.is_alive():
            break
    player.join()
    if failed:
        raise failed[0]
    return bytes(heard)


def _alsaaudio() -> Any:
    try:
        import alsaaudio
    except ImportError as error:
        raise SoundFailed("pyalsaaudio is not installed") from error
    return alsaaudio


def _tone(*, on: bool, fades_in: bool, fades_out: bool) -> Sequence[int]:
    """A block of it: whole waves, so that blocks join without a click."""
    if not on:
        return [0] * BLOCK
    return [
        round(
            _PEAK
            * _fade(n, fades_in=fades_in, fades_out=fades_out)
            * math.sin(2 * math.pi * TONE_HZ * n / RATE)
        )
        for n in range(BLOCK)
    ]


def _fade(n: int, *, fades_in: bool, fades_out: bool) -> float:
    rises = min(1.0, n / _RAMP) if fades_in else 1.0
    falls = min(1.0, (BLOCK - 1 - n) / _RAMP) if fades_out else 1.0
    return rises * falls


def _tone_power(samples: Sequence[int]) -> float:
    """Goertzel's: the power at TONE_HZ alone, 1 for a full sine."""
    turn = 2 * math.cos(2 * math.pi * TONE_HZ / RATE)
    one = two = 0.0
    for sample in samples:
        one, two = sample / _FULL + turn * one - two, one
    power = one * one + two * two - turn * one * two
    return max(0.0, power) * 4 / (len(samples) * len(samples))


def _db(power: float) -> float:
    return 10 * math.log10(max(power, 1e-12))


def _loudest(samples: Sequence[int]) -> float:
    peak = max((abs(sample) for sample in samples), default=0)
    return 20 * math.log10(max(peak, 1e-3) / _FULL)


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Pearson's, -1 to 1."""
    if len(one) != len(other) or not one:
        return 0.0
    mean_one, mean_other = sum(one) / len(one), sum(other) / len(other)
    a, b = [x - mean_one for x in one], [y - mean_other for y in other]
    scale = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / scale if scale > 0 else 0.0
