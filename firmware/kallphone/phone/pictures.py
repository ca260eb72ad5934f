"""What the display shows, as a function of the phone."""

from __future__ import annotations

from typing import assert_never

from kallphone.phone import limits, menu
from kallphone.phone.causes import ANNOUNCEMENTS, RETRIED, Cause
from kallphone.phone.dialplan import grouped
from kallphone.phone.meter import PERIOD_S, a_minute, affordable_seconds, clock
from kallphone.phone.money import coins
from kallphone.phone.screens import COLUMNS, Screen, TextLine, large, rows, wrapped
from kallphone.phone.states import (
    Answering,
    Calling,
    Dialing,
    DialTone,
    Idle,
    InCall,
    Listening,
    Opening,
    Over,
    Phone,
    Quoting,
    Reminding,
    Resolving,
    Ringing,
    Waiting,
)
from kallphone.phone.words import ENGLISH, Words


def screen_for(phone: Phone, words: Words = ENGLISH) -> Screen:
    bright = phone.settings.bright
    if phone.pages and isinstance(phone.mode, Idle | InCall | Listening):
        return menu.screen(phone, words)
    if phone.asleep and isinstance(phone.mode, Idle):
        return Screen((TextLine(phone.wall.clock),), asleep=True)
    return Screen((_title(phone, words), *_body(phone, words)), bright=bright)


def peer(phone: Phone, number: str, account: bytes, words: Words) -> str:
    """Who that is, as well as the phone knows."""
    return phone.name_of(number, account) or grouped(number) or words("Unknown")


def _title(phone: Phone, words: Words) -> TextLine:
    number = grouped(phone.line.number) or "KallPhone"
    if not phone.line.up:
        return TextLine(number, inverse=True, right=words("no line"))
    if isinstance(phone.mode, InCall) and phone.muted:
        return TextLine(number, inverse=True, right=words("muted"))
    return TextLine(number, inverse=True, right=phone.wall.clock)


def _body(phone: Phone, words: Words) -> list[TextLine]:
    mode = phone.mode
    match mode:
        case Idle():
            return _idle(phone, mode, words)
        case Ringing():
            return _ringing(phone, mode, words)
        case Reminding(number=number):
            return rows(words("Call again?")) + large(peer(phone, number, b"", words)) + _lift(words)
        case Listening(sound=sound):
            return large(words("Listening") if sound else words("One moment"))
        case DialTone():
            return _dial_tone(phone, words)
        case Dialing(digits=digits):
            return rows(words("Dialling")) + large(digits)
        case Resolving() | Opening():
            return rows(words("Looking up")) + large(peer(phone, mode.errand.number, b"", words))
        case Quoting() | Calling():
            return _calling(phone, mode, words)
        case Answering(caller=caller):
            return rows(words("Connecting")) + large(peer(phone, caller.number, caller.account, words))
        case InCall():
            return _in_call(phone, mode, words)
        case Over():
            return _over(phone, mode, words)
        case _:
            assert_never(mode)


def _idle(phone: Phone, mode: Idle, words: Words) -> list[TextLine]:
    if mode.digits:
        name = phone.name_of(mode.digits)
        return rows(name) + large(grouped(mode.digits)) + rows(words("Lift to call"), words("* deletes"))
    if not phone.line.up:
        return rows(*wrapped(words(phone.line.words)))
    body = large(phone.wall.clock or words("Ready")) + rows(_notice(phone, words) or _credit(phone, words))
    return body + rows(*_news(phone, words)[:2])


def _news(phone: Phone, words: Words) -> list[str]:
    """What a person who comes back to the phone wants to know first."""
    settings = phone.settings
    news = []
    if phone.lock.locked:
        news.append(words("Locked"))
    if phone.missed:
        news.append(words("Missed calls: {count}").format(count=phone.missed))
    if phone.unread:
        news.append(words("New messages: {count}").format(count=phone.unread))
    if settings.do_not_disturb:
        news.append(words("Do not disturb"))
    if settings.forwarding.always:
        news.append(words("To {number}").format(number=grouped(settings.forwarding.always)))
    date = " ".join(words(part) for part in phone.wall.date.split())
    return news or [date, words("# for the menu")]


def _ringing(phone: Phone, mode: Ringing, words: Words) -> list[TextLine]:
    caller = mode.caller
    name = phone.name_of(caller.number, caller.account)
    body = rows(words("Incoming call")) + large(peer(phone, caller.number, caller.account, words))
    body += rows(grouped(caller.number) if name else "", _proved(verified=caller.verified, words=words))
    return body + rows(words("Lift to answer"))


def _proved(*, verified: bool, words: Words) -> str:
    return words("Verified") if verified else words("NOT VERIFIED")


def _lift(words: Words) -> list[TextLine]:
    return rows(words("Lift to call"))


def _dial_tone(phone: Phone, words: Words) -> list[TextLine]:
    if phone.putting_through:
        return large(words("Put through")) + rows(words("Dial the number"), words("Flash to go back"))
    if phone.aside:
        held = phone.aside[0]
        name = peer(phone, held.number, held.peer, words)
        return large(words("Dial")) + rows(_cut(words("On hold: {name}").format(name=name)))
    if phone.lock.locked:
        return large(words("Locked")) + rows(words("Emergency calls only"))
    return large(words("Dial")) + rows(_credit(phone, words))


def _calling(phone: Phone, mode: Quoting | Calling, words: Words) -> list[TextLine]:
    errand = mode.errand
    name = large(peer(phone, errand.number, mode.route.peer, words))
    price = rows(_price(mode.route.price, words))
    if isinstance(mode, Quoting):
        asked = words("Put through? You pay") if errand.transfer else words("You pay")
        return rows(asked) + name + price + rows(words("# calls, or hang up"))
    doing = words("Ringing") if mode.alerted else words("Calling")
    if errand.via:
        doing = words("Forwarded") if not mode.alerted else words("Ringing, forwarded")
    return rows(doing) + name + price


def _in_call(phone: Phone, mode: InCall, words: Words) -> list[TextLine]:
    elapsed = int(mode.now - mode.since)
    name = peer(phone, mode.number, mode.peer, words)
    if phone.waiting is not None:
        return _knocking(phone, phone.waiting, words)
    if phone.joined:
        others = [peer(phone, one.number, one.peer, words) for one in phone.aside]
        name = " + ".join([name, *others])
    body = rows(_cut(name)) + large(clock(elapsed))
    if mode.lost_since is not None:
        return body + rows(words("Reconnecting..."))
    return body + rows(*_money(phone, mode, elapsed, words), _state(phone, mode, words))


def _money(phone: Phone, mode: InCall, elapsed: int, words: Words) -> list[str]:
    credit = phone.credit_with(mode.provider)
    left = affordable_seconds(credit.available if credit else 0, mode.price, elapsed, mode.periods)
    if left is None:
        return [words("Free call")]
    allowed = limits.seconds_left(phone, mode.number, mode.paid, mode.price, PERIOD_S)
    if allowed is not None:
        left = min(left, allowed + max(0, mode.periods * PERIOD_S - elapsed))
    cost, rest = words("Cost {coins}"), words("Left {time}")
    return [cost.format(coins=coins(mode.paid)), rest.format(time=clock(left))]


def _state(phone: Phone, mode: InCall, words: Words) -> str:
    if phone.notice is not None:
        return _notice(phone, words)
    if mode.transferring:
        return words("Putting through")
    if mode.remote_hold:
        return words("You are on hold")
    if phone.aside and not phone.joined:
        held = phone.aside[0]
        return _cut(words("On hold: {name}").format(name=peer(phone, held.number, held.peer, words)))
    return _proved(verified=mode.verified, words=words)


def _knocking(phone: Phone, waiting: Waiting, words: Words) -> list[TextLine]:
    caller = waiting.caller
    body = rows(words("Another call")) + large(peer(phone, caller.number, caller.account, words))
    proof = _proved(verified=caller.verified, words=words)
    decline = words("Hold #, 0: decline") if isinstance(phone.mode, InCall) else ""
    return body + rows(proof, words("Flash to take it"), decline)


def _over(phone: Phone, mode: Over, words: Words) -> list[TextLine]:
    said = ANNOUNCEMENTS[mode.cause]
    if phone.waiting is not None and not phone.aside:
        return _knocking(phone, phone.waiting, words)
    if mode.howling:
        return large(words(said.headline)) + rows(words("Please hang up"))
    if mode.cause is Cause.BALANCE:
        return large(words(said.headline)) + rows(_credit(phone, words))
    if mode.again:
        return large(words(said.headline)) + rows(words("Trying again soon"), words("Or hang up"))
    if mode.words:
        return large(words(said.headline)) + rows(*wrapped(words(mode.words)), grouped(mode.number))
    advice = rows(*words(said.advice).split("\n"))
    if mode.cause in RETRIED and mode.number:
        advice = [advice[0], *rows(words("5: try again for me"))]
    return large(words(said.headline)) + advice


def _notice(phone: Phone, words: Words) -> str:
    return _cut(words(phone.notice.words)) if phone.notice is not None else ""


def _cut(text: str) -> str:
    return text if len(text) <= COLUMNS else text[: COLUMNS - 1].rstrip() + "…"


def _credit(phone: Phone, words: Words) -> str:
    credit = phone.home_credit
    available = (credit.available if credit else 0) + phone.line.balance
    return words("Credit {coins}").format(coins=coins(available))


def _price(per_period: int, words: Words) -> str:
    if not per_period:
        return words("Free call")
    return words("{coins} a minute").format(coins=coins(a_minute(per_period)))
