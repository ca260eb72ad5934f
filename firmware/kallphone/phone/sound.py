from __future__ import annotations

from dataclasses import dataclass

from kallphone.phone.causes import ANNOUNCEMENTS
from kallphone.phone.events import CallId
from kallphone.phone.states import Calling, DialTone, InCall, Mode, Over, Phone, Ringing
from kallphone.phone.tones import Tone


@dataclass(frozen=True)
class Sound:
    """What the handset carries: a tone in the earpiece, and the call joined to ear and microphone."""

    tone: Tone | None = None
    call: CallId | None = None


SILENCE = Sound()


def sound_for(phone: Phone) -> Sound:
    """On-hook is silent by construction: no mode with the handset down has a tone or a call."""
    return Sound(_tone_for(phone), phone.mode.call if isinstance(phone.mode, InCall) else None)


def ringer_for(phone: Phone) -> bool:
    return isinstance(phone.mode, Ringing)


def _tone_for(phone: Phone) -> Tone | None:
    mode: Mode = phone.mode
    if isinstance(mode, DialTone):
        return Tone.DIAL
    if isinstance(mode, Calling):
        return Tone.RINGBACK if mode.alerted else None
    if isinstance(mode, InCall):
        return Tone.LOW_CREDIT if _credit_is_low(phone, mode) else None
    if isinstance(mode, Over):
        return Tone.HOWLER if mode.howling else ANNOUNCEMENTS[mode.cause].tone
    return None


def _credit_is_low(phone: Phone, mode: InCall) -> bool:
    credit = phone.credit_with(mode.provider)
    return mode.price > 0 and (credit is None or credit.available < mode.price)
