from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto
from itertools import permutations

from kallphone.phone.events import CallId
from kallphone.phone.sound import Sound


class Fixed(Enum):
    """The ends that are not calls."""

    EAR = auto()
    MICROPHONE = auto()
    TONE = auto()
    HOLD_TONE = auto()
    RECORDING = auto()
    SILENCE = auto()
    RECORDER = auto()


End = Fixed | CallId


@dataclass(frozen=True)
class Wire:
    source: End
    sink: End


def wires(sound: Sound, media: Collection[CallId], *, record: bool) -> frozenset[Wire]:
    """Who is connected to whom, for what the handset should carry and the calls that have media.

    Silence runs into every call: packets keep flowing when it is not joined, so the far side does not take
    it for dead.
    """
    joined = [call for call in sound.calls if call in media]
    held = [call for call in sound.held if call in media and call not in joined]
    laid = {Wire(Fixed.SILENCE, call) for call in media}
    laid |= {Wire(Fixed.HOLD_TONE, call) for call in held}
    laid |= {Wire(one, other) for one, other in permutations(joined, 2)}
    if not sound.muted:
        laid |= {Wire(Fixed.MICROPHONE, call) for call in joined}
    heard: list[End] = [*joined]
    if sound.tone is not None:
        heard.append(Fixed.TONE)
    if sound.recording:
        heard.append(Fixed.RECORDING)
    laid |= {Wire(source, Fixed.EAR) for source in heard}
    if record:
        laid |= {Wire(source, Fixed.RECORDER) for source in (*heard, Fixed.SILENCE)}
    return frozenset(laid)
