from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from kallphone.phone.states import Idle, Phone, Ringing


class Light(Enum):
    OFF = auto()
    ON = auto()
    BLINKING = auto()


@dataclass(frozen=True)
class LampState:
    line: Light
    message: Light


def lamps_for(phone: Phone) -> LampState:
    """The line lamp says that calls can come and go, the message lamp that something was missed or waits;
    both blink while a call comes in."""
    ringing = isinstance(phone.mode, Ringing) or phone.waiting is not None
    line = Light.ON if phone.line.up else Light.OFF
    missed = isinstance(phone.mode, Idle | Ringing) and phone.missed > 0
    message = Light.BLINKING if phone.unread else Light.ON if missed else Light.OFF
    if ringing and phone.settings.visual_ring:
        return LampState(Light.BLINKING, Light.BLINKING)
    return LampState(line, message)
