"""The log of calls."""

from __future__ import annotations

from kallphone.phone.causes import Cause
from kallphone.phone.dialplan import grouped
from kallphone.phone.menu.contacts import block_row, known_row
from kallphone.phone.menu.kinds import ListPage, Row, Spec, says
from kallphone.phone.menu.rows import called, link
from kallphone.phone.menu.steps import opens
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.meter import clock
from kallphone.phone.money import coins
from kallphone.phone.states import Logged, Page, Phone
from kallphone.phone.words import N_

MADE, TAKEN, MISSED = ">", "<", "!"


def key_of(call: Logged) -> str:
    return f"{call.at}/{call.number}/{call.seconds}"


def found(phone: Phone, page: Page) -> Logged | None:
    return next((call for call in phone.log if key_of(call) == page.subject), None)


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    return tuple(_row(phone, call) for call in phone.log)


def _row(phone: Phone, call: Logged) -> Row:
    label = text("{sign}{who}", sign=_sign(call), who=_who(phone, call))
    return Row(label, opens("call made", key_of(call)), _short_time(phone, call), number=call.number)


def _who(phone: Phone, call: Logged) -> Text:
    """A number without gaps leaves room for a date."""
    known = phone.name_of(call.number, call.peer) or call.number
    return own(known) if known else text(N_("No number"))


def _sign(call: Logged) -> str:
    return MADE if call.outgoing else TAKEN if call.seconds else MISSED


def _short_time(phone: Phone, call: Logged) -> Text:
    """Today's by the clock, others by day and month."""
    date, _, time = call.at.rpartition(" ")
    if date == phone.wall.date:
        return own(time)
    _, _, date = date.partition(" ")
    return _date(date)


def _date(at: str) -> Text:
    """Its words are English, and translated one by one."""
    parts = [text(part) for part in at.split()]
    names = [f"part{place}" for place in range(len(parts))]
    return text(" ".join(f"{{{name}}}" for name in names), **dict(zip(names, parts, strict=True)))


def _title(phone: Phone, page: Page) -> Text:
    call = found(phone, page)
    return called(phone, call.number, call.peer) if call else text(N_("Calls"))


def _head(phone: Phone, page: Page) -> tuple[Text, ...]:
    call = found(phone, page)
    if call is None:
        return ()
    lift = text(N_("Lift: {number}"), number=grouped(call.number))
    return (*([lift] if call.number else []), _happened(call), _date(call.at))


def _happened(call: Logged) -> Text:
    if call.seconds:
        return text(N_("{time} min, cost {sum}"), time=clock(call.seconds), sum=coins(call.paid))
    if call.outgoing:
        return text(N_("Not reached"))
    return text(N_("Turned away") if call.cause is Cause.DECLINED else N_("Missed"))


def _actions(phone: Phone, page: Page) -> tuple[Row, ...]:
    call = found(phone, page)
    if call is None or not call.number:
        return ()
    return (
        link(N_("Write"), "write", subject=call.number),
        known_row(phone, call.number),
        block_row(phone, call.number),
    )


def _number(phone: Phone, page: Page) -> str:
    call = found(phone, page)
    return call.number if call else ""


PAGES: dict[str, Spec] = {
    "calls": ListPage(says(N_("Calls")), _rows, empty=N_("No calls yet")),
    "call made": ListPage(_title, _actions, _head, empty=N_("No number to call"), number=_number),
}
