"""A machine in its own process, real but for ledger and provider; its events come out as JSON lines.

Its line is given, the callees are, and posted messages go into a folder while it exists.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from kallmachine.booths import Booths
from kallmachine.echo import EchoTest
from kallmachine.engine import Adapters, MachineEngine
from kallmachine.mailboxes import Mailboxes, sealing
from kallmachine.opus import encode
from kallmachine.outbox import Outbox
from kallmachine.recordings import Recordings
from kallmachine.speech import RATE, speak
from kallmachine.visits import MachineEvent
from kallmachine.voicemail import Voicemail
from kallmachine.words import LANGUAGES
from kallnet.account import Account, Address
from kallnet.entries import ClientEntry
from kallnet.number import KallNumber, number_for
from kallphone.payments.errors import ProviderUnreachable
from kallphone.phone.commands import RateService
from kallphone.phone.events import CallerIdentified, CallId, Credit, LineOpened
from kallphone.ports import SipCredentials
from kallphone.sip import Identity, PjSip, SipSettings
from tests.machines.samples import HOME, MACHINE, REGISTRY

Post = Callable[[MachineEvent], None]


@dataclass
class GivenLine:
    """Payments without money: a session that is open already."""

    held: SipCredentials
    post: Post

    def open_line(self) -> None:
        credit = Credit(b"\x01" * 20, 0, 0, 0)
        self.post(LineOpened(self.held.account, "9876543210", 0, credit, 0, 3600.0))

    def credentials(self) -> SipCredentials | None:
        return self.held

    def refresh_credit(self) -> None: ...
    def rate_service(self, command: RateService) -> None: ...
    def send_ratings(self) -> None: ...


@dataclass
class Callees:
    """One callee on the ledger; callers have the number of their first salt."""

    callee: Account
    post: Post

    def resolve(self, number: KallNumber) -> Address | None:
        return self.callee.address if number == number_for(self.callee.address, 0) else None

    def client_entry(self, account: Address) -> ClientEntry | None:
        return ClientEntry(self.callee.public_key, (1,), providers=(HOME,))

    def identify(self, call: CallId, caller: bytes) -> None:
        self.post(CallerIdentified(call, str(number_for(Address(caller), 0))))


class ToldInbox(asyncio.Queue[MachineEvent]):
    """Says what is put into it."""

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._say = say

    def put_nowait(self, item: MachineEvent) -> None:
        self._say({"event": type(item).__name__, "call": getattr(item, "call", 0)})
        super().put_nowait(item)


async def main(given: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    loop, inbox = asyncio.get_running_loop(), ToldInbox(say)
    state = Path(given["state"])

    def post(event: MachineEvent) -> None:
        loop.call_soon_threadsafe(inbox.put_nowait, event)

    callees = Callees(Account(bytes.fromhex(given["callee"])), post)
    mailboxes = _mailboxes(state, Path(given["posted"]), callees, post)
    sip = PjSip(
        SipSettings(ca_file=Path(given["ca_file"])),
        post,
        Identity(MACHINE, REGISTRY),
        lambda devices: Booths(devices, post, mailboxes.ended),
    )
    rules = Voicemail(8) if given["kind"] == "voicemail" else EchoTest(8)
    files = speak(LANGUAGES["en"], state / "announcements")
    if given.get("brief"):
        files = dict.fromkeys(files, _blip(state / "blip.wav"))
    line = GivenLine(SipCredentials(account=MACHINE.address, **given["line"]), post)
    for part in (mailboxes, sip):
        part.start()
    engine = MachineEngine(Adapters(sip, line, callees, mailboxes), rules, files, loop.time, inbox=inbox)
    running = asyncio.create_task(engine.run())
    threading.Thread(target=_read, args=(loop, running), daemon=True).start()
    await asyncio.wait((running,))
    sip.stop()
    mailboxes.stop()
    say({"event": "Stopped"})


def _mailboxes(state: Path, posted: Path, callees: Callees, post: Post) -> Mailboxes:
    def deliver(recipient: Address, sealed: bytes) -> None:
        if not posted.exists():
            raise ProviderUnreachable("nobody there")
        (posted / f"{len(list(posted.iterdir()))}").write_bytes(sealed)

    outbox = Outbox(state / "outbox", deliver)
    keep = sealing(MACHINE, REGISTRY, outbox)
    return Mailboxes(callees, Recordings(state / "recordings", encode, keep), outbox, post)


def _blip(file: Path) -> Path:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(b"\0" * (RATE // 10))
    return file


def _read(loop: asyncio.AbstractEventLoop, running: asyncio.Task[None]) -> None:
    sys.stdin.readline()
    loop.call_soon_threadsafe(running.cancel)


def _private_stdout() -> TextIO:
    """pjlib greets on stdout before it can be told not to."""
    private = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return private


if __name__ == "__main__":
    events = _private_stdout()
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(relativeCreated)d %(message)s")
    settings = json.loads(sys.stdin.readline())
    asyncio.run(main(settings, lambda what: print(json.dumps(what), file=events)))
