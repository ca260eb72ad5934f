from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pesq import pesq
from scipy.io import wavfile
from scipy.signal import fftconvolve, resample_poly

Samples = npt.NDArray[np.float64]
RATE = 48_000
_PESQ_RATE = 16_000
_SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
)


def write_speech(path: Path) -> list[Samples]:
    """Harvard sentences by espeak-ng at 48 kHz, each after half a second of quiet."""
    quiet = np.zeros(RATE // 2)
    sentences = [_say(sentence, path.with_suffix(".espeak.wav")) for sentence in _SENTENCES]
    parts = [part for sentence in sentences for part in (quiet, sentence)]
    wavfile.write(path, RATE, (np.concatenate([*parts, quiet]) * 32767).astype(np.int16))
    return sentences


def _say(sentence: str, spoken: Path) -> Samples:
    subprocess.run(["espeak-ng", "-v", "en-us+f3", "-s", "150", "-w", str(spoken), sentence], check=True)
    rate, samples = wavfile.read(spoken)
    return resample_poly(samples / np.abs(samples).max() * 0.5, RATE, rate)


def read(path: Path) -> Samples:
    """A WAV as it is now; pjmedia writes the sizes into its header only when it closes the file."""
    raw = path.read_bytes()[44:]
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2") / 32768


def median_pesq(sentences: list[Samples], heard: Samples) -> float:
    """Of sentences and not of the whole: a busy machine drops a frame now and then."""
    return float(np.median([wide_band_pesq(sentence, heard) for sentence in sentences]))


def wide_band_pesq(spoken: Samples, heard: Samples) -> float:
    """ITU-T P.862.2 of the part of `heard` that fits `spoken` best."""
    reference, degraded = (resample_poly(each, _PESQ_RATE, RATE) for each in (spoken, heard))
    offset = int(np.argmax(np.abs(fftconvolve(degraded, reference[::-1], mode="valid"))))
    fitting = degraded[offset : offset + len(reference)]
    return float(pesq(_PESQ_RATE, reference, fitting, "wb"))


def peaks(samples: Samples, count: int) -> set[int]:
    """The strongest frequencies, to 5 Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    found: set[int] = set()
    while len(found) < count:
        strongest = hz[int(np.argmax(spectrum))]
        found.add(5 * round(strongest / 5))
        spectrum[np.abs(hz - strongest) < 25] = 0
    return found


def level_db(samples: Samples) -> float:
    """RMS in dB of full scale."""
    return float(20 * np.log10(max(1e-9, np.sqrt(np.mean(samples**2)))))
