"""What callers left with the voicemail service."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import DeleteMessage
from kallphone.phone.menu.contacts import known_row
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.rows import called, link, shown, when
from kallphone.phone.menu.steps import Act, Change, opens, pop
from kallphone.phone.menu.text import Text, text
from kallphone.phone.messages import Recording
from kallphone.phone.meter import clock
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

NEW, HEARD = "*", " "


def _of(phone: Phone, page: Page) -> Recording | None:
    return next((one for one in phone.recordings if str(one.id) == page.subject), None)


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    service = phone.settings.voicemail
    mailbox = Row(text(N_("Call the service")), opens("voicemail service"), number=service)
    return (*(_row(phone, one) for one in phone.recordings), mailbox)


def _row(phone: Phone, recording: Recording) -> Row:
    sign = HEARD if recording.read else NEW
    label = text("{sign}{who}", sign=sign, who=called(phone, recording.number))
    act = opens("recording", str(recording.id))
    return Row(label, act, when(phone, recording.at), recording=recording.file)


def _title(phone: Phone, page: Page) -> Text:
    recording = _of(phone, page)
    return called(phone, recording.number) if recording else text(N_("Voicemail"))


def _head(phone: Phone, page: Page) -> tuple[Text, ...]:
    recording = _of(phone, page)
    if recording is None:
        return ()
    return (text(N_("Lift to listen: {time}"), time=clock(recording.seconds)), when(phone, recording.at))


def _actions(phone: Phone, page: Page) -> tuple[Row, ...]:
    recording = _of(phone, page)
    if recording is None:
        return ()
    delete = Row(text(N_("Delete")), _deletes(recording))
    if not recording.number:
        return (delete,)
    call_back = link(N_("Call back"), "call back", subject=recording.number)
    write = link(N_("Write"), "write", subject=recording.number)
    return (call_back, delete, write, known_row(phone, recording.number))


def _deletes(recording: Recording) -> Act:
    def delete(phone: Phone, _now: float) -> Change:
        left = tuple(one for one in phone.recordings if one.id != recording.id)
        return pop(replace(phone, recordings=left)), (DeleteMessage(recording.id),)

    return delete


def _file(phone: Phone, page: Page) -> str:
    recording = _of(phone, page)
    return recording.file if recording else ""


def _service(phone: Phone, _page: Page) -> str:
    return phone.settings.voicemail


def _about_service(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if not phone.settings.voicemail:
        return (text(N_("No voicemail service is set. Menu 6, row 8 sets its number.")),)
    return (text(N_("Lift to call it:")), shown(phone.settings.voicemail))


PAGES: dict[str, Spec] = {
    "voicemail": ListPage(says(N_("Voicemail")), _rows),
    "recording": ListPage(_title, _actions, _head, N_("No longer there"), recording=_file),
    "call back": ReadPage(
        lambda phone, page: called(phone, page.subject),
        lambda _phone, page: (text(N_("Lift to call it:")), shown(page.subject)),
        number=lambda _phone, page: page.subject,
    ),
    "voicemail service": ReadPage(says(N_("Voicemail")), _about_service, number=_service),
}
