from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kallmachine.recordings import RATE, Recordings, Slip, level_db
from kallmachine.visits import Mailbox, Record
from kallphone.phone.events import CallId

MAILBOX = Mailbox(b"\x03" * 20, b"\x02" + b"\x04" * 32)
RECORD = Record(CallId(2), MAILBOX, b"\x02" * 20, "3456789012")
LOUD = struct.pack("<2h", 8000, -8000)


class Crash(Exception):
    """The power goes."""


@dataclass
class World:
    """Encodes by counting bytes, and seals by keeping; fails where it is told to."""

    folder: Path
    kept: list[tuple[str, Slip, int]] = field(default_factory=list)
    breaks: Exception | None = None

    @property
    def recordings(self) -> Recordings:
        return Recordings(self.folder, self._encode, self._keep, lambda: 1_700_000_000.5)

    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())

    def _encode(self, file: Path) -> bytes:
        if self.breaks:
            raise self.breaks
        return b"OggS" + file.read_bytes()[:4]

    def _keep(self, name: str, slip: Slip, seconds: int, ogg: bytes) -> None:
        assert ogg == b"OggSRIFF"
        self.kept.append((name, slip, seconds))


def write(file: Path, seconds: float, *, closed: bool = True, sound: bytes = LOUD) -> None:
    """What pjmedia has written by then; the length comes into the header when it closes the file."""
    data = sound * int(seconds * RATE // 2)
    length = len(data) if closed else 0
    file.write_bytes(b"RIFF" + b"\0" * 36 + struct.pack("<I", length) + data)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_recording_is_sealed_with_its_slip_and_removed(world: World) -> None:
    recordings = world.recordings
    file = recordings.begin(RECORD)
    write(file, 5)
    recordings.finish(file)
    [(name, slip, seconds)] = world.kept
    assert (name, seconds) == ("1700000000500-2", 5)
    assert slip == Slip(MAILBOX, RECORD.caller, RECORD.number, 1_700_000_000)
    assert world.files() == []


def test_plain_sound_is_for_the_owners_eyes_only(world: World) -> None:
    file = world.recordings.begin(RECORD)
    assert world.files() == ["1700000000500-2.json", "1700000000500-2.wav"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.with_suffix(".json").stat().st_mode & 0o777 == 0o600


def test_less_than_two_seconds_leave_nothing(world: World) -> None:
    recordings = world.recordings
    file = recordings.begin(RECORD)
    write(file, 1.9)
    recordings.finish(file)
    assert world.kept == []
    assert world.files() == []


def test_a_crash_while_recording_seals_what_there_is_at_the_next_start(world: World) -> None:
    write(world.recordings.begin(RECORD), 7.5, closed=False)
    world.recordings.recover()
    assert [seconds for _, _, seconds in world.kept] == [7]
    assert world.files() == []


def test_a_crash_before_the_first_sample_leaves_nothing(world: World) -> None:
    world.recordings.begin(RECORD)
    world.recordings.recover()
    assert world.kept == []
    assert world.files() == []


def test_a_crash_between_slip_and_sound_leaves_nothing(world: World) -> None:
    world.recordings.begin(RECORD).unlink()
    world.recordings.recover()
    assert world.files() == []


def test_sound_without_a_slip_is_removed(world: World) -> None:
    file = world.recordings.begin(RECORD)
    write(file, 5)
    file.with_suffix(".json").unlink()
    world.recordings.recover()
    assert world.kept == []
    assert world.files() == []


def test_a_crash_while_encoding_seals_at_the_next_start(world: World) -> None:
    recordings = world.recordings
    file = recordings.begin(RECORD)
    write(file, 5)
    world.breaks = Crash()
    with pytest.raises(Crash):
        recordings.finish(file)
    world.breaks = None
    world.recordings.recover()
    assert len(world.kept) == 1
    assert world.files() == []


def test_a_full_disk_or_a_broken_encoder_keeps_the_recording_for_the_next_start(world: World) -> None:
    recordings = world.recordings
    file = recordings.begin(RECORD)
    write(file, 5)
    world.breaks = OSError("no space left")
    recordings.finish(file)
    assert world.files() == ["1700000000500-2.json", "1700000000500-2.wav"]
    world.breaks = None
    world.recordings.recover()
    assert len(world.kept) == 1


def test_an_ear_hears_what_is_new(world: World) -> None:
    recordings = world.recordings
    file = recordings.begin(RECORD)
    assert not recordings.spoke(file)
    write(file, 1)
    assert recordings.spoke(file)
    assert not recordings.spoke(file)
    file.write_bytes(file.read_bytes() + b"\1\0" * RATE)
    assert not recordings.spoke(file)
    file.write_bytes(file.read_bytes() + LOUD * RATE)
    assert recordings.spoke(file)


def test_a_recording_that_is_gone_is_silent(world: World) -> None:
    recordings = world.recordings
    file = recordings.begin(RECORD)
    file.unlink()
    assert not recordings.spoke(file)


def test_a_level_is_in_db_of_full_scale() -> None:
    assert level_db(struct.pack("<64h", *[16384, -16384] * 32)) == pytest.approx(-6.02, abs=0.01)
    assert level_db(b"") == -120
