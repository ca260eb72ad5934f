from __future__ import annotations

import asyncio
import wave
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

from kallphone.demo.process import run

RATE = 48_000
PESQ_RATE = 16_000
"""Hz, of wide-band PESQ (ITU-T P.862.2)."""

LEAD_S = 1.0
SPEECH_S = 20.0

Samples = NDArray[np.float64]

# The Harvard sentences (IEEE 297-1969), made for measuring telephones.
SENTENCES = (
    (
        "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "
        "It's easy to tell the depth of a well. These days a chicken leg is a rare dish. "
        "Rice is often served in round bowls. The juice of lemons makes fine punch. "
        "The box was thrown beside the parked truck. The hogs were fed chopped corn and garbage."
    ),
    (
        "Four hours of steady work faced us. A large size in stockings is hard to sell. "
        "The boy was there when the sun rose. A rod is used to catch pink salmon. "
        "The source of the huge river is the clear spring. Kick the ball straight and follow through. "
        "Help the woman get back to her feet. A pot of tea helps to pass the evening."
    ),
)


async def make_speech(path: Path, voice: str, text: str) -> None:
    """20 s of speech at 48 kHz after a second of silence, in which a call settles."""
    said = await _said(path, voice, text)
    await asyncio.to_thread(_write, path, np.resize(said, int(SPEECH_S * RATE)), LEAD_S)


async def make_sentence(path: Path, voice: str, text: str) -> None:
    """Just what it takes to say it, at 48 kHz."""
    _write(path, await _said(path, voice, text), lead_s=0.0)


def pesq_wb(source: Path, heard: Path) -> float:
    """PESQ-WB of what was heard against what was said: 1.0 to 4.64 MOS-LQO (ITU-T P.862.2)."""
    from pesq import pesq  # a build of its own; only the scripts need it

    said = _at(_read(source), PESQ_RATE)[int(LEAD_S * PESQ_RATE) :]
    ear = _at(_read(heard), PESQ_RATE)
    return float(pesq(PESQ_RATE, said, _aligned(said, ear), "wb"))


async def _said(path: Path, voice: str, text: str) -> Samples:
    raw = path.with_suffix(".espeak.wav")
    await run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(raw), text], "espeak-ng")
    return await asyncio.to_thread(_at, _read(raw), RATE)


def _write(path: Path, samples: Samples, lead_s: float) -> None:
    samples = samples * (0.5 / max(float(np.abs(samples).max()), 1e-9))
    samples = np.concatenate([np.zeros(int(lead_s * RATE)), samples])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def _read(path: Path) -> tuple[Samples, int]:
    with wave.open(str(path), "rb") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return frames.mean(axis=1) / 32768.0, file.getframerate()


def _at(sound: tuple[Samples, int], rate: int) -> Samples:
    samples, own = sound
    divisor = gcd(own, rate)
    resampled: Samples = resample_poly(samples, rate // divisor, own // divisor)
    return resampled


def _aligned(said: Samples, ear: Samples) -> Samples:
    """The part of the recording in which the speech is, as long as the speech."""
    score = fftconvolve(ear, said[::-1])
    start = max(0, int(np.argmax(score)) - len(said) + 1)
    return np.pad(ear[start : start + len(said)], (0, max(0, len(said) - len(ear) + start)))
