from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pjsua2 as pj

from kallmachine.visits import Played
from kallphone.phone.events import CallId
from kallphone.phone.sound import Sound

log = logging.getLogger(__name__)


@dataclass
class _Booth:
    """One caller's wires; a player or recorder lives as long as it is held here."""

    media: pj.AudioMedia
    echoes: bool = False
    player: pj.AudioMediaPlayer | None = None
    recorder: pj.AudioMediaRecorder | None = None
    recording: Path | None = None


class Booths:
    """The desk of a machine: every call has sound of its own, and nobody hears another.

    `recorded` is told of each recording whose end has come. Belongs to the SIP thread.
    """

    def __init__(
        self,
        devices: pj.AudDevManager,
        played: Callable[[Played], None],
        recorded: Callable[[Path], None] | None = None,
    ) -> None:
        devices.setNullDev()
        self._played = played
        self._recorded = recorded or (lambda _: None)
        self._booths: dict[CallId, _Booth] = {}

    def hear(self, sound: Sound) -> None:
        """A machine has no ear of its own."""

    def attach(self, call: CallId, media: pj.AudioMedia) -> None:
        known = self._booths.get(call)
        if known is None:
            self._booths[call] = _Booth(media)
        elif known.media.getPortId() != media.getPortId():
            self.detach(call)
            self._booths[call] = _Booth(media)
            if known.echoes:
                self.echo(call)

    def detach(self, call: CallId) -> None:
        """The call's port is gone or about to go; pjmedia cuts its wires itself."""
        if booth := self._booths.pop(call, None):
            _clear(booth)
            if booth.recording is not None:
                self._recorded(booth.recording)

    def play(self, call: CallId, files: list[Path]) -> None:
        if booth := self._booths.get(call):
            try:
                booth.player = self._player(call, files)
                booth.player.startTransmit(booth.media)
            except pj.Error as error:
                log.warning("Call %d: nothing is said: %s", call, error.reason)
                self._played(Played(call))

    def echo(self, call: CallId) -> None:
        if booth := self._booths.get(call):
            booth.player = None
            booth.echoes = True
            booth.media.startTransmit(booth.media)

    def record(self, call: CallId, file: Path) -> None:
        """Into a file that is there already, so that its mode stays; without sound it ends at once."""
        booth = self._booths.get(call)
        if booth is None:
            self._recorded(file)
            return
        booth.player = None
        booth.recording = file
        try:
            booth.recorder = pj.AudioMediaRecorder()
            booth.recorder.createRecorder(str(file))
            booth.media.startTransmit(booth.recorder)
        except pj.Error as error:
            log.warning("Call %d is not recorded: %s", call, error.reason)

    def _player(self, call: CallId, files: list[Path]) -> _Player:
        player = _Player(lambda: self._played(Played(call)))
        names = pj.StringVector([str(file) for file in files])
        player.createPlaylist(names, "", pj.PJMEDIA_FILE_NO_LOOP)
        return player


class _Player(pj.AudioMediaPlayer):  # type: ignore[misc]
    def __init__(self, ended: Callable[[], None]) -> None:
        super().__init__()
        self._ended = ended

    def onEof2(self) -> None:  # noqa: N802
        try:
            self._ended()
        except Exception:
            log.exception("The end of an announcement was not told")


def _clear(booth: _Booth) -> None:
    booth.player = None
    booth.recorder = None
