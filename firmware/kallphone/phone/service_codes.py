"""What the codes with * and # do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kallphone.phone import outgoing, rest
from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command, SaveSettings
from kallphone.phone.dialplan import Service, grouped
from kallphone.phone.services import ServiceCode
from kallphone.phone.settings import Settings
from kallphone.phone.states import Over, Phone
from kallphone.phone.words import N_

Transition = tuple[Phone, tuple[Command, ...]]

Change = Callable[[Settings, str], Settings]


def apply(phone: Phone, service: Service, now: float) -> Transition:
    match service.code:
        case ServiceCode.CALL_BACK_WHEN_FREE:
            if not phone.redial:
                return outgoing.over(phone, Cause.NOTHING_STORED, "", now), ()
            phone = rest.tried_again(phone, phone.redial, now)
            return _done(phone, N_("Tried again when free"), now), ()
        case ServiceCode.CALL_BACK_WHEN_FREE_OFF:
            return _done(replace(phone, retry=None), N_("Not tried again"), now), ()
        case ServiceCode.CALL_LAST_CALLER:
            return outgoing.call(phone, _last_caller(phone), now)
        case ServiceCode.VOICEMAIL:
            return outgoing.call(phone, phone.settings.voicemail, now)
        case ServiceCode.ECHO_TEST:
            return outgoing.call(phone, phone.settings.echo_test, now)
        case ServiceCode.CALL_ANONYMOUSLY:
            return outgoing.over(phone, Cause.NEVER_ANONYMOUS, "", now), ()
        case ServiceCode.BALANCE:
            return outgoing.over(phone, Cause.BALANCE, "", now), ()
        case code:
            return _changed(phone, code, service.argument, now)


def _changed(phone: Phone, code: ServiceCode, number: str, now: float) -> Transition:
    if phone.settings.has_pin and phone.settings.limits.contacts_only:
        return outgoing.over(phone, Cause.LOCKED, "", now), ()
    if number.startswith("+"):
        return outgoing.over(phone, Cause.NO_GATEWAY, "", now), ()
    if number and number == phone.line.number:
        return outgoing.over(phone, Cause.WRONG_NUMBER, "", now), ()
    change, words = _CHANGES[code]
    settings = change(phone.settings, number)
    phone = _done(replace(phone, settings=settings), words, now, grouped(number))
    return phone, (SaveSettings(settings),)


def _forward(*names: str) -> Change:
    """An empty number forwards no more."""

    def change(settings: Settings, number: str) -> Settings:
        numbers: dict[str, Any] = dict.fromkeys(names, number)
        return replace(settings, forwarding=replace(settings.forwarding, **numbers))

    return change


def _switch(name: str, *, on: bool) -> Change:
    value: dict[str, Any] = {name: on}
    return lambda settings, _: replace(settings, **value)


_NOT_FORWARDED = N_("No longer forwarded")
_CHANGES: dict[ServiceCode, tuple[Change, str]] = {
    ServiceCode.FORWARD_ALWAYS: (_forward("always"), N_("All calls go to")),
    ServiceCode.FORWARD_ALWAYS_OFF: (_forward("always"), _NOT_FORWARDED),
    ServiceCode.FORWARD_BUSY: (_forward("busy"), N_("When busy, to")),
    ServiceCode.FORWARD_BUSY_OFF: (_forward("busy"), _NOT_FORWARDED),
    ServiceCode.FORWARD_NO_ANSWER: (_forward("no_answer"), N_("Not answered, to")),
    ServiceCode.FORWARD_NO_ANSWER_OFF: (_forward("no_answer"), _NOT_FORWARDED),
    ServiceCode.FORWARD_OFF: (_forward("always", "busy", "no_answer"), _NOT_FORWARDED),
    ServiceCode.DO_NOT_DISTURB: (_switch("do_not_disturb", on=True), N_("Do not disturb: on")),
    ServiceCode.DO_NOT_DISTURB_OFF: (_switch("do_not_disturb", on=False), N_("Do not disturb: off")),
    ServiceCode.REJECT_ANONYMOUS: (_switch("reject_anonymous", on=True), N_("Anonymous: refused")),
    ServiceCode.REJECT_ANONYMOUS_OFF: (_switch("reject_anonymous", on=False), N_("Anonymous: allowed")),
}


def _last_caller(phone: Phone) -> str:
    """Whoever was kept out, or did not prove who they are, is not called back."""
    kept_out = (Cause.REFUSED_BY_RULE, Cause.NOT_VERIFIED)
    return next((one.number for one in phone.log if not one.outgoing and one.cause not in kept_out), "")


def _done(phone: Phone, words: str, now: float, number: str = "") -> Phone:
    return replace(phone, mode=Over(Cause.SERVICE_DONE, now, number, words=words))
