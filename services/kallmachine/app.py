from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from kallmachine.config import MachineConfig
from kallmachine.echo import EchoTest
from kallmachine.engine import Adapters, MachineEngine
from kallmachine.mailboxes import Mailboxes, open_mailboxes
from kallmachine.opus import check_encoder
from kallmachine.speech import speak
from kallmachine.visits import MachineEvent, Rules
from kallmachine.voicemail import Voicemail
from kallmachine.words import LANGUAGES
from kallnet.account import Account
from kallnet.deployment import load_deployment
from kallnet.typed import registry_domain
from kallphone import parts
from kallphone.config import PhoneConfig
from kallphone.sip import Identity, PjSip, SipSettings
from kallphone.storage.database import Database

if TYPE_CHECKING:
    from kallphone.sip.audio import Desk

OnLine = Callable[[str], None]
"""Told the machine's Kall number, each time its line comes up."""


async def run_echo(config: MachineConfig, on_line: OnLine) -> None:
    """An echo test, until SIGTERM or SIGINT."""
    await _run(config, EchoTest(config.callers), on_line, voicemail=False)


async def run_voicemail(config: MachineConfig, on_line: OnLine) -> None:
    """A voicemail, until SIGTERM or SIGINT."""
    check_encoder()
    await _run(config, Voicemail(config.callers), on_line, voicemail=True)


async def _run(config: MachineConfig, rules: Rules, on_line: OnLine, *, voicemail: bool) -> None:
    """Parts stop in reverse: SIP before the mailboxes, so that a recording that was going on is sealed."""
    phone, loop = config.phone, asyncio.get_running_loop()
    inbox: asyncio.Queue[MachineEvent] = asyncio.Queue()

    def post(event: MachineEvent) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(inbox.put_nowait, event)

    async with AsyncExitStack() as stack:
        account = parts.open_account(phone.state)
        files = await asyncio.to_thread(speak, LANGUAGES[phone.language], phone.state / "announcements")
        database = Database(phone.state / "phone.sqlite")
        stack.callback(database.close)
        mailboxes = None
        if voicemail:
            mailboxes = open_mailboxes(account, parts.directory_settings(phone), phone.state, post)
        directory = parts.make_directory(phone, account, post)
        payments = parts.make_payments(phone, account, database, post, None)
        sip = _make_sip(phone, account, post, mailboxes)
        for part in (mailboxes, directory, payments, sip):
            if part is not None:
                part.start()
                stack.callback(part.stop)
        adapters = Adapters(sip, payments, directory, mailboxes)
        await _until_told(MachineEngine(adapters, rules, files, loop.time, on_line, inbox))


async def _until_told(engine: MachineEngine) -> None:
    running = asyncio.create_task(engine.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running


def _make_sip(
    phone: PhoneConfig, account: Account, post: Callable[[MachineEvent], None], mailboxes: Mailboxes | None
) -> PjSip:
    def make_desk(devices: Any) -> Desk:
        from kallmachine.booths import Booths  # needs pjsua2, whose lack the SIP side tells of

        return Booths(devices, post, mailboxes.ended if mailboxes else None)

    identity = Identity(account, registry_domain(load_deployment(phone.deployment)))
    settings = SipSettings(ca_file=phone.ca_file or parts.SYSTEM_AUTHORITIES)
    return PjSip(settings, post, identity, make_desk)
