"""One phone for every screen that there is: what a person may come to see, by name."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.events import CallId, Credit, Route
from kallphone.phone.messages import Message
from kallphone.phone.settings import Forwarding, Settings
from kallphone.phone.states import (
    Answering,
    Caller,
    Calling,
    Dialing,
    DialTone,
    Errand,
    Idle,
    InCall,
    Line,
    LineStep,
    Listening,
    Lock,
    Mode,
    Notice,
    Opening,
    Over,
    Phone,
    Quoting,
    Reminding,
    Resolving,
    Ringing,
    Waiting,
    Wall,
)
from tests.phone.menu.paths import ALL, reached

HOME, ANNA, BERT = b"\x01" * 20, b"\x02" * 20, b"\x03" * 20
NUMBER, OTHER = "5549281950", "4937638587"
CALLER = Caller(CallId(2), ANNA, NUMBER, looked_up=True)
STRANGER = Caller(CallId(4), BERT, OTHER, looked_up=True)
NOBODY = Caller(CallId(6), b"\x04" * 20, "", verified=False, looked_up=True)
ERRAND = Errand(CallId(1), OTHER)
ROUTE = Route(HOME, BERT, "sip:0x03@kall.test", 20_000)
TALK = InCall(CallId(1), True, BERT, OTHER, HOME, 20_000, 0.0, 83.0, periods=6, paid=120_000)
HELD = replace(TALK, call=CallId(2), peer=ANNA, number=NUMBER, outgoing=False, price=0)

PHONE = Phone(
    line=Line(step=LineStep.UP, words="", account=BERT, number="2345678900", balance=250_000, home=HOME),
    credits=(Credit(HOME, 0, 1_000_000, 120_000),),
    wall=Wall("14:05", "Wed 25 Nov", 20_000),
    book=Book((Contact(NUMBER, "Zoë Müller", ANNA, key="3"),)),
)
DOWN = replace(PHONE, line=Line(words="Making an agreement with your provider"))


def _in(mode: Mode, **more: object) -> Phone:
    return replace(PHONE, mode=mode, **more)  # type: ignore[arg-type]


def _settings(**changes: object) -> Phone:
    return replace(PHONE, settings=replace(Settings(), **changes))  # type: ignore[arg-type]


SCENES: dict[str, Phone] = {
    "idle": PHONE,
    "idle-news": replace(
        PHONE, missed=2, messages=(Message(1, incoming=True, number=NUMBER, text="Hello", at=0),)
    ),
    "idle-forwarded": _settings(forwarding=Forwarding(always=OTHER), do_not_disturb=True),
    "idle-locked": replace(PHONE, lock=Lock(locked=True)),
    "idle-notice": replace(PHONE, notice=Notice("+2.00", 9.0)),
    "idle-no-line": DOWN,
    "idle-starting": Phone(),
    "asleep": replace(PHONE, asleep=True),
    "predialled": _in(Idle("493763")),
    "predialled-contact": _in(Idle(NUMBER)),
    "ringing-contact": _in(Ringing(CALLER, 0.0)),
    "ringing-stranger": _in(Ringing(STRANGER, 0.0)),
    "ringing-unverified": _in(Ringing(NOBODY, 0.0)),
    "reminding": _in(Reminding(NUMBER, 0.0)),
    "dial-tone": _in(DialTone(0.0)),
    "dial-tone-locked": _in(DialTone(0.0), lock=Lock(locked=True)),
    "recall": _in(DialTone(0.0), aside=(TALK,)),
    "putting-through": _in(DialTone(0.0), aside=(TALK,), putting_through=True),
    "dialling": _in(Dialing("49376", 0.0)),
    "dialling-long": _in(Dialing("**4930123456789", 0.0)),
    "looking-up": _in(Resolving(ERRAND, 0.0)),
    "opening": _in(Opening(ERRAND, ROUTE, 0.0)),
    "price": _in(Quoting(ERRAND, ROUTE, 0.0)),
    "price-transfer": _in(Quoting(replace(ERRAND, transfer=True), ROUTE, 0.0), aside=(HELD,)),
    "calling": _in(Calling(ERRAND, ROUTE, 0.0)),
    "calling-free": _in(Calling(ERRAND, replace(ROUTE, price=0), 0.0)),
    "calling-rings": _in(Calling(ERRAND, ROUTE, 0.0, alerted=True)),
    "calling-forwarded": _in(Calling(replace(ERRAND, via=(NUMBER,)), ROUTE, 0.0, alerted=True)),
    "answering": _in(Answering(CALLER, 0.0)),
    "in-call": _in(TALK),
    "in-call-free": _in(HELD),
    "in-call-unverified": _in(replace(TALK, verified=False)),
    "in-call-muted": _in(TALK, muted=True),
    "in-call-low": _in(replace(TALK, now=88.0), credits=(Credit(HOME, 0, 130_000, 120_000),)),
    "in-call-lost": _in(replace(TALK, lost_since=80.0)),
    "in-call-held-by-them": _in(replace(TALK, remote_hold=True)),
    "in-call-one-on-hold": _in(TALK, aside=(HELD,)),
    "in-call-conference": _in(TALK, aside=(HELD,), joined=True),
    "in-call-transferring": _in(replace(TALK, transferring=True)),
    "in-call-volume": _in(TALK, notice=Notice("▮▮▮▮▮▮▮▯▯▯", 90.0)),
    "call-waiting": _in(TALK, waiting=Waiting(CALLER, 80.0)),
    "listening": _in(Listening("a.opus", 0.0, "a.wav")),
    "howler": _in(Over(Cause.HUNG_UP, 0.0, howling=True)),
    "trying-again": _in(Over(Cause.BUSY, 0.0, OTHER, again=True)),
    "service-done": _in(Over(Cause.SERVICE_DONE, 0.0, OTHER, words="All calls go to")),
    **{f"over-{cause.name.lower()}": _in(Over(cause, 0.0, OTHER)) for cause in Cause},
    **{f"menu-{name.replace(' ', '-')}": reached(name).phone for name in ALL},
    **{f"menu-{name}-large": reached(name, large=True).phone for name in ("main", "messages", "wallet")},
}
