from __future__ import annotations

from dataclasses import dataclass

from kallphone.phone.states import Idle, Phone, Ringing


@dataclass(frozen=True)
class LampState:
    line: bool
    message: bool


def lamps_for(phone: Phone) -> LampState:
    """The line lamp says that calls can come and go; the message lamp that one was missed."""
    missed = phone.mode.missed if isinstance(phone.mode, Idle | Ringing) else 0
    return LampState(line=phone.line.up, message=missed > 0)
