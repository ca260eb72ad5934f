"""How fast this computer codes a voice, by libopus itself."""

from __future__ import annotations

import array
import ctypes
import math
import time
from collections.abc import Callable
from typing import Any

from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.doctor.machine import Machine
from kallphone.phone.words import N_

RATE = 48_000
FRAME = RATE // 50
"""20 ms, as calls have them."""

SECONDS = 3
SLOW, TOO_SLOW = 8.0, 3.0
"""Times real time: a call has one encoder and one decoder, a conference of three twice as many, and the rest
of the phone wants its share."""

_APPLICATION_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY = 4002, 4010
_BITRATE, _COMPLEXITY = 32_000, 5
_LONGEST_PACKET = 1500
_LIBRARY = "libopus.so.0"


class OpusMissing(Exception):
    """libopus is not installed, or refuses."""


Codec = Callable[[bytes], bytes]
"""Encodes and decodes a frame of 16-bit samples."""


def check_neon(machine: Machine) -> Finding:
    """A Raspberry Pi has no hardware for Opus: NEON, its processor's vector unit, is what speeds it."""
    features = set((machine.read("/proc/cpuinfo") or "").split())
    if features & {"asimd", "neon"}:
        return good("neon", N_("The processor has NEON."))
    if "Features" in features:
        return bad(
            "neon",
            N_(
                "The processor has no NEON, so voices are coded slowly. Use a Raspberry Pi 3, 4, 5 or"
                " Zero 2 W."
            ),
        )
    return skipped("neon", N_("This is no ARM processor."))


def check_opus(open_codec: Callable[[], Codec], clock: Callable[[], float] = time.perf_counter) -> Finding:
    try:
        factor = real_time_factor(open_codec(), clock)
    except OpusMissing:
        return bad("opus", N_("Opus is not installed here: apt install libopus0"))
    rounded = round(factor, 1)
    if factor < TOO_SLOW:
        return bad(
            "opus",
            N_(
                "Opus: {times} x real time, too slow for a call. See that the phone is cool and well powered."
            ),
            times=rounded,
        )
    if factor < SLOW:
        return warning(
            "opus", N_("Opus: {times} x real time, enough for one call, hardly for three."), times=rounded
        )
    return good("opus", N_("Opus: {times} x real time."), times=rounded)


def real_time_factor(codec: Codec, clock: Callable[[], float]) -> float:
    """Seconds of voice coded and decoded in a second."""
    frames = [_frame(number) for number in range(SECONDS * RATE // FRAME)]
    codec(frames[0])  # the first one pages the library in
    began = clock()
    for frame in frames:
        codec(frame)
    return SECONDS / max(clock() - began, 1e-6)


def open_opus() -> Codec:
    """Raises OpusMissing."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise OpusMissing(str(error)) from error
    library.opus_encoder_create.restype = library.opus_decoder_create.restype = ctypes.c_void_p
    failed = ctypes.c_int()
    encoder = ctypes.c_void_p(library.opus_encoder_create(RATE, 1, _APPLICATION_VOIP, ctypes.byref(failed)))
    decoder = ctypes.c_void_p(library.opus_decoder_create(RATE, 1, ctypes.byref(failed)))
    if not encoder or not decoder:
        raise OpusMissing(f"{_LIBRARY} refuses: {failed.value}")
    for what, value in ((_SET_BITRATE, _BITRATE), (_SET_COMPLEXITY, _COMPLEXITY)):
        library.opus_encoder_ctl(encoder, ctypes.c_int(what), ctypes.c_int(value))
    return _codec(library, encoder, decoder)


def _codec(library: Any, encoder: ctypes.c_void_p, decoder: ctypes.c_void_p) -> Codec:
    packet = ctypes.create_string_buffer(_LONGEST_PACKET)
    heard = (ctypes.c_int16 * FRAME)()

    def code(frame: bytes) -> bytes:
        spoken = (ctypes.c_int16 * FRAME).from_buffer_copy(frame)
        size = library.opus_encode(encoder, spoken, FRAME, packet, _LONGEST_PACKET)
        samples = library.opus_decode(decoder, packet, size, heard, FRAME, 0)
        if size <= 0 or samples != FRAME:
            raise OpusMissing(f"{_LIBRARY} codes nothing: {size}, {samples}")
        return bytes(heard)

    return code


def _frame(number: int) -> bytes:
    """A tone that glides as a voice does, with overtones: silence would be coded for nothing."""
    at = [(number * FRAME + n) / RATE for n in range(FRAME)]
    phase = [2 * math.pi * (150 * t + 20 * math.sin(3 * t)) for t in at]
    return array.array(
        "h", (round(6000 * (math.sin(p) + math.sin(5 * p) / 2 + math.sin(17 * p) / 4)) for p in phase)
    ).tobytes()
