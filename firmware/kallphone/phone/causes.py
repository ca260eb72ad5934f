from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from kallphone.phone.tones import Tone
from kallphone.phone.words import N_


class Cause(Enum):
    """Why a call, or the attempt at one, is over."""

    HUNG_UP = auto()
    FAR_END_HUNG_UP = auto()
    BUSY = auto()
    NO_ANSWER = auto()
    DECLINED = auto()
    UNREACHABLE = auto()
    WRONG_NUMBER = auto()
    NOT_LISTED = auto()
    DIALLED_TOO_SLOWLY = auto()
    NO_CREDIT = auto()
    CREDIT_ENDED = auto()
    THEIR_CREDIT_ENDED = auto()
    PAYMENT_REFUSED = auto()
    NOT_ALLOWED = auto()
    LINE_DOWN = auto()
    PROVIDER_LOST = auto()
    LEDGER_AWAY = auto()
    NO_ROUTE = auto()
    NO_SAFE_MEDIA = auto()
    NOT_VERIFIED = auto()
    NOT_WHO_THEY_SAY = auto()
    NO_GATEWAY = auto()
    NO_EMERGENCY = auto()
    LOCKED = auto()
    NOT_IN_CONTACTS = auto()
    LIMIT_REACHED = auto()
    TRANSFERRED = auto()
    FORWARDED_IN_CIRCLES = auto()
    NOTHING_STORED = auto()
    SERVICE_DONE = auto()
    NEVER_ANONYMOUS = auto()
    BALANCE = auto()
    FORWARDED = auto()
    ON_HOLD = auto()
    NOT_AGREED = auto()
    REFUSED_BY_RULE = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Announcement:
    """What a person hears and reads about a cause, in English; `advice` says what to do next."""

    tone: Tone | None
    headline: str
    advice: str


ANNOUNCEMENTS: dict[Cause, Announcement] = {
    Cause.HUNG_UP: Announcement(Tone.BUSY, N_("Call ended"), N_("Hang up")),
    Cause.FAR_END_HUNG_UP: Announcement(Tone.BUSY, N_("Call ended"), N_("They hung up")),
    Cause.BUSY: Announcement(Tone.BUSY, N_("Busy"), N_("They are on a call")),
    Cause.NO_ANSWER: Announcement(Tone.REORDER, N_("No answer"), N_("Try again later")),
    Cause.DECLINED: Announcement(Tone.BUSY, N_("Declined"), N_("They don't take\nthe call now")),
    Cause.UNREACHABLE: Announcement(
        Tone.REORDER, N_("Not reachable"), N_("Their phone is off")
    ),
    Cause.WRONG_NUMBER: Announcement(
        Tone.REORDER, N_("Wrong number"), N_("Check the digits\nand dial again")
    ),
    Cause.NOT_LISTED: Announcement(Tone.REORDER, N_("Not in service"), N_("Nobody has\nthis number")),
    Cause.DIALLED_TOO_SLOWLY: Announcement(
        Tone.REORDER, N_("Dial again"), N_("Hang up, then dial\nall ten digits")
    ),
    Cause.NO_CREDIT: Announcement(Tone.REORDER, N_("No credit"), N_("Top up to call.\nNothing was spent")),
    Cause.CREDIT_ENDED: Announcement(Tone.REORDER, N_("Credit used up"), N_("Top up to\ncall again")),
    Cause.THEIR_CREDIT_ENDED: Announcement(Tone.BUSY, N_("Call ended"), N_("Their credit ran out")),
    Cause.PAYMENT_REFUSED: Announcement(
        Tone.REORDER, N_("Payment refused"), N_("The provider did\nnot take the payment")
    ),
    Cause.NOT_ALLOWED: Announcement(Tone.REORDER, N_("Not allowed"), N_("The provider refused\nthis call")),
    Cause.LINE_DOWN: Announcement(Tone.REORDER, N_("No line"), N_("Connecting to the\nprovider, wait")),
    Cause.PROVIDER_LOST: Announcement(
        Tone.REORDER, N_("Connection lost"), N_("The provider is gone.\nReconnecting")
    ),
    Cause.LEDGER_AWAY: Announcement(
        Tone.REORDER, N_("Ledger away"), N_("Can't look up the\nnumber. Try again")
    ),
    Cause.NO_ROUTE: Announcement(Tone.REORDER, N_("No route"), N_("No provider in\ncommon with them")),
    Cause.NO_SAFE_MEDIA: Announcement(Tone.REORDER, N_("Not secure"), N_("No secure sound.\nCall refused")),
    Cause.NOT_VERIFIED: Announcement(
        Tone.REORDER, N_("Not verified"), N_("They don't prove who\nthey are. Refused")
    ),
    Cause.NOT_WHO_THEY_SAY: Announcement(
        Tone.REORDER, N_("Not private"), N_("Somebody is between\nyou. Call refused")
    ),
    Cause.NO_GATEWAY: Announcement(Tone.REORDER, N_("No gateway"), N_("Only Kall numbers\ncan be called")),
    Cause.NO_EMERGENCY: Announcement(
        Tone.REORDER, N_("Can't call help"), N_("This phone can't.\nUse another phone")
    ),
    Cause.LOCKED: Announcement(Tone.REORDER, N_("Locked"), N_("Hang up, then enter\nthe PIN")),
    Cause.NOT_IN_CONTACTS: Announcement(Tone.REORDER, N_("Not allowed"), N_("Only contacts can\nbe called")),
    Cause.LIMIT_REACHED: Announcement(Tone.REORDER, N_("Limit reached"), N_("The owner's limit\nis used up")),
    Cause.TRANSFERRED: Announcement(Tone.BUSY, N_("Put through"), N_("They pay from here")),
    Cause.FORWARDED_IN_CIRCLES: Announcement(
        Tone.REORDER, N_("Not reachable"), N_("Their calls go\nin circles")
    ),
    Cause.NOTHING_STORED: Announcement(
        Tone.REORDER, N_("Nothing stored"), N_("No number is kept\nunder this key")
    ),
    Cause.SERVICE_DONE: Announcement(Tone.CONFIRM, N_("Done"), N_("Hang up")),
    Cause.NEVER_ANONYMOUS: Announcement(
        Tone.REORDER, N_("Not possible"), N_("Calls are signed.\nDial without *67")
    ),
    Cause.BALANCE: Announcement(Tone.CONFIRM, N_("Balance"), N_("Hang up")),
    Cause.FORWARDED: Announcement(Tone.BUSY, N_("Forwarded"), N_("By your own rules")),
    Cause.ON_HOLD: Announcement(None, N_("On hold"), N_("Flash the hook\nto go back")),
    Cause.NOT_AGREED: Announcement(Tone.REORDER, N_("Not called"), N_("Nothing was spent")),
    Cause.REFUSED_BY_RULE: Announcement(Tone.BUSY, N_("Turned away"), N_("By your own rules")),
    Cause.FAILED: Announcement(Tone.REORDER, N_("Call failed"), N_("Try again")),
}

RETRIED = (Cause.BUSY, Cause.NO_ANSWER, Cause.UNREACHABLE)
"""Where a key has the number tried again."""

# RFC 3261 section 21 and RFC 8599; anything else is FAILED.
_BY_SIP_CODE = {
    401: Cause.NOT_ALLOWED,
    402: Cause.NO_CREDIT,
    403: Cause.NOT_ALLOWED,
    404: Cause.NOT_LISTED,
    407: Cause.NOT_ALLOWED,
    408: Cause.NO_ANSWER,
    410: Cause.NOT_LISTED,
    428: Cause.NOT_VERIFIED,
    438: Cause.NOT_WHO_THEY_SAY,
    480: Cause.UNREACHABLE,
    484: Cause.WRONG_NUMBER,
    486: Cause.BUSY,
    487: Cause.NO_ANSWER,
    488: Cause.NO_SAFE_MEDIA,
    503: Cause.PROVIDER_LOST,
    600: Cause.BUSY,
    603: Cause.DECLINED,
}


def cause_before_answer(code: int) -> Cause:
    """The cause behind a SIP final status to our INVITE."""
    return _BY_SIP_CODE.get(code, Cause.FAILED)


def cause_of_goodbye(code: int, *, paying: bool) -> Cause:
    """The cause of an answered call's end: `Reason: SIP;cause=` of the BYE (RFC 3326), or a status."""
    if code == 402:
        return Cause.CREDIT_ENDED if paying else Cause.THEIR_CREDIT_ENDED
    if code == 488:
        return Cause.NO_SAFE_MEDIA
    if code == 438:
        return Cause.NOT_WHO_THEY_SAY
    return Cause.PROVIDER_LOST if code in (408, 503) else Cause.FAR_END_HUNG_UP
