"""What the phone remembers of the commands that it gave."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command, LogCall
from kallphone.phone.states import Logged, Phone

LONGEST_LOG = 50


def kept(phone: Phone, commands: tuple[Command, ...]) -> Phone:
    """Calls that ended are in the log that the menu shows; those that nobody took count as missed."""
    for command in commands:
        if isinstance(command, LogCall):
            phone = replace(phone, log=(_line(phone, command), *phone.log)[:LONGEST_LOG])
            if not command.outgoing and command.cause is Cause.NO_ANSWER:
                phone = replace(phone, missed=phone.missed + 1)
    return phone


def named(phone: Phone, account: bytes, number: str) -> Phone:
    """A caller who was turned away is in the log before the ledger says what number that is."""
    unnamed = [one for one in phone.log if one.peer == account and not one.number]
    log = (replace(one, number=number) if one in unnamed else one for one in phone.log)
    return replace(phone, log=tuple(log)) if unnamed else phone


def _line(phone: Phone, call: LogCall) -> Logged:
    at = f"{phone.wall.date} {phone.wall.clock}".strip()
    return Logged(call.outgoing, call.number, call.peer, call.cause, at, call.seconds, call.paid)
