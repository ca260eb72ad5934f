from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Any

from kallphone.phone.events import CallId, Note
from kallphone.phone.sound import Sound
from kallphone.ports import Post, SipCredentials
from kallphone.sip.identity import Identity
from kallphone.sip.settings import SipError, SipSettings

if TYPE_CHECKING:
    from kallphone.sip.endpoint import MakeDesk, SipEndpoint

_log = logging.getLogger(__name__)

_START_S = 20.0
_STOP_S = 8.0
_PRIORITY = 10


class PjSip:
    """The Sip port: one thread owns pjsua2, everybody else leaves commands in its queue.

    `make_desk` makes what calls are wired to, on that thread: by default the handset. `turns` counts how
    often that thread has come round, which it does every few hundredths of a second unless it hangs.
    """

    def __init__(
        self, settings: SipSettings, post: Post, identity: Identity, make_desk: MakeDesk | None = None
    ) -> None:
        self._settings = settings
        self._post = post
        self._identity = identity
        self._make_desk = make_desk
        self._commands: SimpleQueue[Callable[[SipEndpoint], None]] = SimpleQueue()
        self._stopping = Flag()
        self._thread: Thread | None = None
        self.turns = 0

    def start(self) -> None:
        """Returns when the endpoint is up; raises SipError where it can't be."""
        started: Future[None] = Future()
        self._stopping.clear()
        self._thread = Thread(target=self._run, args=(started,), name="sip", daemon=True)
        self._thread.start()
        try:
            started.result(_START_S)
        except TimeoutError as error:
            raise SipError(f"SIP did not start within {_START_S:.0f} s") from error

    def stop(self) -> None:
        """Hangs up, unregisters and returns, in a few seconds at most."""
        self._stopping.set()
        if self._thread is None:
            return
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            _log.error("The SIP thread did not stop within %.0f s", _STOP_S)
        self._thread = None

    def register(self, credentials: SipCredentials) -> None:
        self._commands.put(lambda endpoint: endpoint.register(credentials))

    def place(self, call: CallId, uri: str, diverted_from: str = "") -> None:
        self._commands.put(lambda endpoint: endpoint.place(call, uri, diverted_from))

    def alert(self, call: CallId) -> None:
        self._commands.put(lambda endpoint: endpoint.respond(call, 180))

    def answer(self, call: CallId) -> None:
        self._commands.put(lambda endpoint: endpoint.respond(call, 200))

    def reject(self, call: CallId, code: int, forward_to: str = "") -> None:
        self._commands.put(lambda endpoint: endpoint.respond(call, code, forward_to))

    def hang_up(self, call: CallId) -> None:
        self._commands.put(lambda endpoint: endpoint.hang_up(call))

    def send_digit(self, call: CallId, key: str) -> None:
        self._commands.put(lambda endpoint: endpoint.send_digit(call, key))

    def tell(self, call: CallId, note: Note) -> None:
        self._commands.put(lambda endpoint: endpoint.tell(call, note))

    def probe(self, number: str, uri: str) -> None:
        self._commands.put(lambda endpoint: endpoint.probe(number, uri))

    def talk(self, wav: Path) -> None:
        """Says a recording into the microphone, to whoever is joined to it now."""
        self.at_desk(lambda handset: handset.talk(wav))

    def hear(self, sound: Sound) -> None:
        self.at_desk(lambda handset: handset.hear(sound))

    def play(self, wav: Path) -> None:
        """Says a recording in the ear, beside whatever is heard there."""
        self.at_desk(lambda handset: handset.play(wav))

    def reopen_sound(self) -> None:
        """A card that was plugged in again is opened again; calls stay up."""
        self.use_device(self._settings.audio.device)

    def use_device(self, name: str) -> None:
        """Goes on with another sound card, an ALSA name or "null"; calls stay up."""
        self.at_desk(lambda handset: handset.use_device(name))

    def at_desk(self, act: Callable[[Any], None]) -> None:
        """Runs `act` on the SIP thread with what `make_desk` made."""
        self._commands.put(lambda endpoint: endpoint.at_desk(act))

    def _run(self, started: Future[None]) -> None:
        _go_first()
        try:
            endpoint = self._open()
        except Exception as error:
            # A new one: the traceback would carry pjsua2 objects out of their thread.
            started.set_exception(SipError(str(error)))
            return
        started.set_result(None)
        while not self._stopping.is_set():
            self._turn(endpoint)
            self.turns += 1
        try:
            self._drain(endpoint)
            endpoint.close()
        except Exception:
            _log.exception("SIP did not end in good order")

    def _open(self) -> SipEndpoint:
        try:
            from kallphone.sip.endpoint import SipEndpoint
        except ImportError as error:
            raise SipError(f"pjsua2 is not installed ({error}). Build it: make setup") from error
        endpoint = SipEndpoint(self._settings, self._post, self._identity, self._make_desk)
        try:
            endpoint.open()
        except Exception:
            endpoint.close()
            raise
        return endpoint

    def _turn(self, endpoint: SipEndpoint) -> None:
        try:
            endpoint.poll()
            self._drain(endpoint)
        except Exception:
            _log.exception("The SIP thread goes on after an error")

    def _drain(self, endpoint: SipEndpoint) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except Empty:
                return
            command(endpoint)


def _go_first() -> None:
    """Real-time scheduling for this thread and, by inheritance, for pjmedia's: late sound is lost sound.

    Takes CAP_SYS_NICE or an RLIMIT_RTPRIO; without either the phone talks at normal priority.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))
    except PermissionError:
        _log.info("No real-time priority for sound: allow it with LimitRTPRIO=%d", _PRIORITY)
