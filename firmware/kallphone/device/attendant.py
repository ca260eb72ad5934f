from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kallphone.device.in_use import InUse
from kallphone.device.notify import Notifier
from kallphone.device.status import StatusFile
from kallphone.device.watchdog import Watchdog
from kallphone.phone.commands import Command
from kallphone.phone.events import Event
from kallphone.phone.states import Idle, Phone

if TYPE_CHECKING:
    from kallphone.app import Running


class Attendant:
    """Watches a phone from the engine's own loop, and tells the rest of the system of it.

    It looks after each step of the engine; the phone knows nothing of it.
    """

    def __init__(self, notifier: Notifier, status: StatusFile, in_use: InUse) -> None:
        self._notifier = notifier
        self._status = status
        self._in_use = in_use
        self._leaving = asyncio.Event()
        self._words = ""
        self._due = False

    def leave(self) -> None:
        """The phone is to end; for the engine's own thread."""
        self._leaving.set()

    async def attend(self, running: Running) -> None:
        """From the first screen of the phone until it is to be left."""
        loop = asyncio.get_running_loop()

        def look() -> None:
            self._due = False
            self._look(running)

        def observe(_: Event | Command) -> None:
            # What is observed is about to change the phone: it is looked at once the engine is done.
            if not self._due:
                self._due = True
                loop.call_soon(look)

        running.engine.observers.append(observe)
        self._words = status_words(running.engine.phone)
        look()
        self._notifier.ready(self._words)
        watchdog = Watchdog(self._notifier, {"sip": running.sip_turns})
        beating = asyncio.create_task(watchdog.run(self._status.write))
        try:
            await self._leaving.wait()
        finally:
            beating.cancel()
            self._notifier.stopping()

    def _look(self, running: Running) -> None:
        phone = running.engine.phone
        busy = is_used(phone)
        self._in_use.mark(busy)
        self._status.show(registered=phone.line.up, busy=busy, account=running.account)
        words = status_words(phone)
        if words != self._words:
            self._words = words
            self._notifier.status(words)


def is_used(phone: Phone) -> bool:
    """Off-hook, ringing, or with a call that waits: whoever would restart the phone waits."""
    return (
        not isinstance(phone.mode, Idle)
        or bool(phone.aside)
        or phone.waiting is not None
        or phone.arriving is not None
    )


def status_words(phone: Phone) -> str:
    line = f"line up, {phone.line.number}" if phone.line.up else f"no line: {phone.line.words}"
    return f"in use; {line}" if is_used(phone) else line
