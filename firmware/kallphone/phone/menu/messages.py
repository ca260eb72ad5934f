"""Text messages."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import DeleteMessage, MarkRead, SendText
from kallphone.phone.dialplan import KALL_NUMBER_DIGITS, grouped
from kallphone.phone.menu.contacts import block_row, known_row, matching
from kallphone.phone.menu.kinds import EntryPage, Kind, ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.rows import called, link, when, wrong_number
from kallphone.phone.menu.steps import Act, Change, back, opens, pop, refused, turn, turns, typed
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.messages import LONGEST_TEXT, Message, MessageState, clean_text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

UNREAD, READ, SENT = "*", " ", ">"

STATES = {
    MessageState.WAITING: N_("Waiting to be sent"),
    MessageState.TAKEN: N_("On its way"),
    MessageState.DELIVERED: N_("Delivered"),
    MessageState.FAILED: N_("Could not be sent"),
}


def _of(phone: Phone, page: Page) -> Message | None:
    return next((one for one in phone.messages if str(one.id) == page.subject), None)


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    return (link(N_("New message"), "to whom"), *(_row(phone, one) for one in phone.messages))


def _row(phone: Phone, message: Message) -> Row:
    sign = SENT if not message.incoming else READ if message.read else UNREAD
    label = text("{sign}{who}", sign=sign, who=called(phone, message.number))
    return Row(label, _reads(message), when(phone, message.at), number=message.number)


def _reads(message: Message) -> Act:
    def read(phone: Phone, now: float) -> Change:
        phone, _ = opens("message", str(message.id))(phone, now)
        if message.read or not message.incoming:
            return phone, ()
        marked = (replace(one, read=True) if one.id == message.id else one for one in phone.messages)
        return replace(phone, messages=tuple(marked)), (MarkRead(message.id),)

    return read


def _title(phone: Phone, page: Page) -> Text:
    message = _of(phone, page)
    return called(phone, message.number) if message else text(N_("Messages"))


def _text(phone: Phone, page: Page) -> tuple[Text, ...]:
    message = _of(phone, page)
    if message is None:
        return (text(N_("No longer there")),)
    said = when(phone, message.at) if message.incoming else text(STATES[message.state])
    why = text(message.words)
    return tuple(each for each in (said, why, own(message.text)) if each.words)


def _number(phone: Phone, page: Page) -> str:
    message = _of(phone, page)
    return message.number if message else ""


def _more(phone: Phone, now: float) -> Change:
    return opens("message actions", phone.pages[-1].subject)(phone, now)


def _actions(phone: Phone, page: Page) -> tuple[Row, ...]:
    message = _of(phone, page)
    if message is None:
        return ()
    delete = Row(text(N_("Delete")), _deletes(message))
    if not message.number:
        return (delete,)
    answer = N_("Answer") if message.incoming else N_("Write again")
    known, blocked = known_row(phone, message.number), block_row(phone, message.number)
    return (link(answer, "write", subject=message.number), delete, known, blocked)


def _lift(phone: Phone, page: Page) -> tuple[Text, ...]:
    number = _number(phone, page)
    return (text(N_("Lift: {number}"), number=grouped(number)),) if number else ()


def _deletes(message: Message) -> Act:
    def delete(phone: Phone, _now: float) -> Change:
        left = tuple(one for one in phone.messages if one.id != message.id)
        return pop(replace(phone, messages=left), 2), (DeleteMessage(message.id),)

    return delete


def _recipients(phone: Phone, page: Page) -> tuple[Row, ...]:
    """Somebody of the phonebook, or a number."""
    people = tuple(Row(own(one.name), _writes(one.number)) for one in matching(phone, page.text))
    number = Row(text(N_("Type a number")), turns("to number"))
    return (*people, number) if page.text else (number, *people)


def _writes(number: str) -> Act:
    return turns("write", number)


def _number_typed(phone: Phone, now: float) -> Change:
    number = typed(phone)
    wrong = wrong_number(number)
    return refused(phone, wrong) if wrong else _writes(number)(phone, now)


def _written(phone: Phone, now: float) -> Change:
    words, number = clean_text(typed(phone)), phone.pages[-1].subject
    if not words:
        return refused(phone, N_("Type your message"))
    id_ = phone.next_message
    message = Message(id_, False, number, words, phone.wall.at, read=True)
    phone = replace(phone, messages=(message, *phone.messages), next_message=id_ + 1, draft=("", ""))
    return turn(phone, Page("message sent", subject=str(id_)), now), (SendText(id_, number, words),)


def _to(phone: Phone, page: Page) -> Text:
    return text(N_("To {name}"), name=called(phone, page.subject))


PAGES: dict[str, Spec] = {
    "messages": ListPage(says(N_("Messages")), _rows),
    "message": ReadPage(_title, _text, _more, N_("# more"), number=_number),
    "message actions": ListPage(_title, _actions, _lift, N_("No longer there"), number=_number),
    "message sent": ReadPage(_title, _text, back, N_("# good")),
    "to whom": ListPage(says(N_("To whom?")), _recipients, search=True),
    "to number": EntryPage(says(N_("To which number?")), Kind.NUMBER, KALL_NUMBER_DIGITS, _number_typed),
    "write": EntryPage(_to, Kind.TEXT, LONGEST_TEXT, _written),
}
