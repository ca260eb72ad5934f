from __future__ import annotations

import math
import shutil
import struct
import subprocess
import wave
from itertools import pairwise
from pathlib import Path

import pytest

from kallphone import recordings
from kallphone.recordings import RATE, RecordingError, forget_sound, to_wav

needs_opus = pytest.mark.skipif(shutil.which("opusenc") is None, reason="needs opus-tools")
HEAD = b"OggS" + b"\0" * 24 + b"OpusHead\x01"


def tone(file: Path, seconds: int, channels: int = 1) -> Path:
    """440 Hz at half of full scale, as Opus."""
    raw = b"".join(
        struct.pack("<h", round(16384 * math.sin(2 * math.pi * 440 * at / RATE))) * channels
        for at in range(seconds * RATE)
    )
    command = ["opusenc", "--quiet", "--raw", "--raw-chan", str(channels), "-", str(file)]
    subprocess.run(command, input=raw, check=True)
    return file


@needs_opus
def test_a_recording_becomes_sound_that_pjsua2_plays(tmp_path: Path) -> None:
    sound = to_wav(tone(tmp_path / "a.opus", 2))
    assert sound == tmp_path / "a.wav"
    assert sound.stat().st_mode & 0o777 == 0o600
    with wave.open(str(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == 2 * RATE
        samples = struct.unpack(f"<{RATE}h", file.readframes(RATE))
    crossings = sum(a < 0 <= b for a, b in pairwise(samples))
    assert crossings == pytest.approx(440, abs=2)


@needs_opus
def test_one_recording_at_a_time_is_in_the_clear(tmp_path: Path) -> None:
    first = to_wav(tone(tmp_path / "a.opus", 1))
    second = to_wav(tone(tmp_path / "b.opus", 1))
    assert not first.exists()
    forget_sound(tmp_path)
    assert not second.exists()
    assert (tmp_path / "b.opus").exists()


@needs_opus
def test_a_recording_that_decodes_to_hours_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "LONGEST_S", 1)
    with wave.open(str(to_wav(tone(tmp_path / "a.opus", 3)))) as file:
        assert file.getnframes() == RATE


@needs_opus
def test_two_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="one channel"):
        to_wav(tone(tmp_path / "a.opus", 1, channels=2))


@pytest.mark.parametrize("content", [b"", b"OggS", b"RIFF" * 20])
def test_what_is_no_opus_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.opus"
    file.write_bytes(content)
    with pytest.raises(RecordingError, match="no Opus"):
        to_wav(file)
    assert not (tmp_path / "a.wav").exists()


@needs_opus
def test_a_damaged_recording_is_told(tmp_path: Path) -> None:
    file = tone(tmp_path / "a.opus", 1)
    file.write_bytes(file.read_bytes()[:60] + b"\x55" * 500)
    with pytest.raises(RecordingError, match="no sound"):
        to_wav(file)


def test_a_recording_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is not there"):
        to_wav(tmp_path / "a.opus")


def test_without_opusdec_the_words_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.opus"
    file.write_bytes(HEAD + b"\x01" * 40)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RecordingError, match="apt install opus-tools"):
        to_wav(file)
