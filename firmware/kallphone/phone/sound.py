from __future__ import annotations

from dataclasses import dataclass

from kallphone.phone.causes import ANNOUNCEMENTS
from kallphone.phone.events import CallId
from kallphone.phone.settings import Volumes
from kallphone.phone.states import Calling, DialTone, InCall, Listening, Mode, Over, Phone, Reminding, Ringing
from kallphone.phone.tones import DISTINCTIVE_RINGS, REMINDER_RING, RING_CADENCES, Tone


@dataclass(frozen=True)
class Sound:
    """What the handset carries.

    `calls` are joined to ear, microphone and each other; `held` ones hear the hold tone instead. `recording`
    is a file that plays in the ear. `hands_free`: the loudspeaker takes the earpiece's place. `country` is
    whose tones these are.
    """

    tone: Tone | None = None
    calls: tuple[CallId, ...] = ()
    held: tuple[CallId, ...] = ()
    muted: bool = False
    recording: str = ""
    hands_free: bool = False
    country: str = ""


SILENCE = Sound()


@dataclass(frozen=True)
class Ring:
    """Seconds on and off, again and again."""

    cadence: tuple[tuple[float, float], ...]
    volume: int = 7


@dataclass(frozen=True)
class Levels:
    """What the mixer is set to, 0 to 10 each; `boost` adds gain in the earpiece."""

    handset: int
    ringer: int
    speaker: int
    sidetone: int
    boost: bool


def sound_for(phone: Phone) -> Sound:
    """On-hook is silent by construction: no mode with the handset down has a tone or a recording."""
    mode = phone.mode
    live: tuple[CallId, ...] = (mode.call,) if isinstance(mode, InCall) else ()
    aside = tuple(call.call for call in phone.aside)
    tone = None if phone.on_hook else _tone_for(phone)
    return Sound(
        tone=tone,
        calls=live + aside if phone.joined else live,
        held=() if phone.joined else aside,
        muted=phone.muted and bool(live),
        recording=mode.sound if isinstance(mode, Listening) else "",
        hands_free=phone.hands_free,
        country=phone.settings.country if tone or aside else "",
    )


def ring_for(phone: Phone) -> Ring | None:
    mode, settings = phone.mode, phone.settings
    if isinstance(mode, Reminding):
        return Ring(REMINDER_RING, settings.volumes.ringer)
    if not isinstance(mode, Ringing) or mode.silenced or settings.volumes.ringer == 0:
        return None
    contact = phone.contact(mode.caller.number, mode.caller.account)
    pattern = (contact.ring if contact else 0) or settings.ring
    cadence = DISTINCTIVE_RINGS[pattern - 1] if pattern else RING_CADENCES[settings.country]
    return Ring(cadence, settings.volumes.ringer)


def levels_for(phone: Phone) -> Levels:
    volumes: Volumes = phone.settings.volumes
    return Levels(volumes.handset, volumes.ringer, volumes.speaker, volumes.sidetone, volumes.boost)


def _tone_for(phone: Phone) -> Tone | None:
    mode: Mode = phone.mode
    if isinstance(mode, DialTone):
        return Tone.RECALL if phone.aside else Tone.DIAL
    if isinstance(mode, Calling):
        return Tone.RINGBACK if mode.alerted else None
    if isinstance(mode, InCall | Over) and phone.waiting is not None:
        return Tone.WAITING
    if isinstance(mode, InCall):
        return Tone.LOW_CREDIT if _credit_is_low(phone, mode) else None
    if isinstance(mode, Over):
        return Tone.HOWLER if mode.howling else ANNOUNCEMENTS[mode.cause].tone
    return None


def _credit_is_low(phone: Phone, mode: InCall) -> bool:
    credit = phone.credit_with(mode.provider)
    return mode.price > 0 and (credit is None or credit.available < mode.price)
