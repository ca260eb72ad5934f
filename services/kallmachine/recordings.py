from __future__ import annotations

import json
import logging
import struct
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from math import log10
from pathlib import Path

from kallmachine.visits import Mailbox, Record
from kallphone.storage.errors import StorageError
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)

RATE = 48_000
SHORTEST_S = 2.0
"""Less is a caller who changed their mind."""

_HEADER = 44
_BYTES_A_SECOND = RATE * 2
_CLOSED_WITHIN_S = 3.0
_SPOKEN_DB = -48.0
"""RMS of a second, in dB of full scale: above line noise, below a quiet voice."""


@dataclass(frozen=True)
class Slip:
    """Who left a recording for whom; `time` is Unix seconds. Kept beside the recording on disk."""

    mailbox: Mailbox
    caller: bytes
    number: str
    time: int


Keep = Callable[[str, Slip, int, bytes], None]
"""(id, slip, seconds, Ogg Opus) to where it is sealed, whole and on disk when this returns, once per id."""

Encode = Callable[[Path], bytes]


@dataclass
class Recordings:
    """Recordings that are not sealed yet: a WAV and its slip, both for their owner's eyes only.

    Whatever a crash leaves behind is sealed, or removed where it is too short, by `recover`.
    """

    folder: Path
    encode: Encode
    keep: Keep
    clock: Callable[[], float] = time.time
    _ears: dict[Path, Ear] = field(default_factory=dict)

    def begin(self, record: Record) -> Path:
        """The empty file to record into. Raises StorageError or OSError where the disk takes no more."""
        now = self.clock()
        file = self.folder / f"{int(now * 1000)}-{record.call}.wav"
        slip = Slip(record.mailbox, record.caller, record.number, int(now))
        write_private(_slip_of(file), _dump(slip), replace=True)
        write_private(file, b"", replace=True)
        self._ears[file] = Ear(file)
        return file

    def spoke(self, file: Path) -> bool:
        """Whether something was said since the last question."""
        ear = self._ears.get(file)
        try:
            return ear is not None and ear.spoke()
        except OSError as error:
            log.warning("nothing is heard of a recording: %s", error)
            return False

    def finish(self, file: Path) -> None:
        """Seals a recording that has ended, and removes it; one that can't be sealed stays for `recover`."""
        self._ears.pop(file, None)
        _wait_for_end(file)
        self._seal(file)

    def recover(self) -> None:
        """Of an earlier life: no recording may be going on."""
        for slip in sorted(self.folder.glob("*.json")):
            self._seal(slip.with_suffix(".wav"))
        for stray in self.folder.glob("*.wav"):
            if not _slip_of(stray).exists():
                stray.unlink()

    def _seal(self, file: Path) -> None:
        try:
            slip = _load(_slip_of(file).read_bytes())
            seconds = max(0, file.stat().st_size - _HEADER) / _BYTES_A_SECOND if file.exists() else 0.0
            if seconds >= SHORTEST_S:
                self.keep(file.stem, slip, int(seconds), self.encode(file))
        except (OSError, ValueError, StorageError) as error:
            log.warning("a recording is not sealed yet, the next start tries again: %s", error)
            return
        file.unlink(missing_ok=True)
        _slip_of(file).unlink(missing_ok=True)


class Ear:
    """Listens to a recording as it grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = _HEADER

    def spoke(self) -> bool:
        with self._file.open("rb") as sound:
            sound.seek(self._at)
            raw = sound.read(_BYTES_A_SECOND * 4)
        raw = raw[: len(raw) // 2 * 2]
        self._at += len(raw)
        return level_db(raw) > _SPOKEN_DB


def level_db(raw: bytes) -> float:
    """RMS of 16-bit samples in dB of full scale; every eighth sample tells as much."""
    samples = array("h", raw)[::8]
    power = sum(sample * sample for sample in samples) / max(1, len(samples)) / 32768**2
    return 10 * log10(max(power, 1e-12))




def _slip_of(file: Path) -> Path:
    return file.with_suffix(".json")


def _dump(slip: Slip) -> bytes:
    return json.dumps(
        {
            "account": slip.mailbox.account.hex(),
            "key": slip.mailbox.key.hex(),
            "caller": slip.caller.hex(),
            "number": slip.number,
            "time": slip.time,
        }
    ).encode()


def _load(data: bytes) -> Slip:
    given = json.loads(data)
    mailbox = Mailbox(bytes.fromhex(given["account"]), bytes.fromhex(given["key"]))
    return Slip(mailbox, bytes.fromhex(given["caller"]), given["number"], given["time"])


def _wait_for_end(file: Path) -> None:
    """pjmedia closes its file on a thread of its own, and writes the length into the header last."""
    deadline = time.monotonic() + _CLOSED_WITHIN_S
    while not _is_closed(file) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_closed(file: Path) -> bool:
    with file.open("rb") as sound:
        header = sound.read(_HEADER)
    if len(header) < _HEADER:
        return False
    length: int = struct.unpack("<I", header[40:44])[0]
    return length > 0 and _HEADER + length == file.stat().st_size
