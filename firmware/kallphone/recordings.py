from __future__ import annotations

import subprocess
import threading
import wave
from pathlib import Path
from typing import IO

from kallphone.storage.files import write_private

RATE = 48_000
LONGEST_S = 600
"""More is cut off: half a megabyte of a forged recording could decode to hours."""

_BYTES = RATE * 2
_CHUNK = 1 << 16
_DECODED_WITHIN_S = 30.0
# RFC 7845, 5.1: behind the header of a page with one segment, and behind "OpusHead" and the version.
_HEAD = slice(28, 36)
_CHANNELS = 37


class RecordingError(Exception):
    """A recording that can't be played; the words are for the log."""


def to_wav(opus_file: Path) -> Path:
    """The sound of an Ogg Opus file at 48 kHz, mono, beside it, for its owner's eyes only; waits for opusdec.

    Other sound that was decoded there is removed, as `forget_sound` does. Raises RecordingError.
    """
    sound = opus_file.with_suffix(".wav")
    try:
        _check(opus_file)
        forget_sound(opus_file.parent)
        write_private(sound, b"", replace=True)
        if _decode(opus_file, sound) == 0:
            raise RecordingError(f"{opus_file} holds no sound that opusdec can read")
    except FileNotFoundError as error:
        if error.filename == "opusdec":
            raise RecordingError("opusdec is not installed: apt install opus-tools") from None
        raise RecordingError(f"{opus_file} is not there") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise RecordingError(f"{opus_file} can't be decoded: {error}") from error
    return sound


def forget_sound(folder: Path) -> None:
    """Removes what `to_wav` left there: a recording that is deleted must not be heard any more."""
    for file in folder.glob("*.wav"):
        file.unlink(missing_ok=True)


def _check(opus_file: Path) -> None:
    with opus_file.open("rb") as file:
        head = file.read(_CHANNELS + 1)
    if head[_HEAD] != b"OpusHead" or head[_CHANNELS] != 1:
        raise RecordingError(f"{opus_file} is no Opus recording of one channel")


def _decode(opus_file: Path, sound: Path) -> int:
    """Bytes of sound."""
    command = ["opusdec", "--quiet", "--rate", str(RATE), str(opus_file), "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:
        late = threading.Timer(_DECODED_WITHIN_S, decoder.kill)
        late.start()
        try:
            assert decoder.stdout is not None
            return _copy(decoder.stdout, sound)
        finally:
            late.cancel()
            decoder.kill()


def _copy(samples: IO[bytes], sound: Path) -> int:
    copied, most = 0, LONGEST_S * _BYTES
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        while chunk := samples.read(min(most - copied, _CHUNK)):
            file.writeframesraw(chunk)
            copied += len(chunk)
    return copied
