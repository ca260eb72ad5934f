from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from kallphone.phone.events import CallId
from kallphone.phone.sound import Sound


class Fixed(Enum):
    """The ends that are always there."""

    EAR = auto()
    MICROPHONE = auto()
    TONE = auto()
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
    heard: list[End] = [] if sound.tone is None else [Fixed.TONE]
    laid = {Wire(Fixed.SILENCE, call) for call in media}
    for call in joined:
        heard.append(call)
        laid.add(Wire(Fixed.MICROPHONE, call))
    laid |= {Wire(source, Fixed.EAR) for source in heard}
    if record:
        laid |= {Wire(source, Fixed.RECORDER) for source in (*heard, Fixed.SILENCE)}
    return frozenset(laid)
