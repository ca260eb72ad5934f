from __future__ import annotations

import logging
import subprocess
import tempfile
import wave
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)

RATE = 22_000
"""Hz. espeak-ng has 22,050, of which no whole number goes into a 10 ms frame; nobody hears 0.2 %."""

_WORDS_A_MINUTE = "140"
# pjmedia drops what does not fill its last buffer of 4000 bytes.
_TAIL = b"\0" * 4400
_SPOKEN_WITHIN_S = 30.0

Play = Callable[[Path], None]


class SpeechError(Exception):
    """Nothing can be spoken; the words say what to install."""


class Speech:
    """Says digits and names by espeak-ng (formant synthesis: small, and in every language of the phone).

    `in_ear` and `aloud` are handed a WAV and return at once or soon. What was said once is kept in memory's
    file system, since digits come fast.
    """

    def __init__(self, language: Callable[[], str], in_ear: Play, aloud: Play) -> None:
        self._language = language
        self._in_ear = in_ear
        self._aloud = aloud
        self._folder = tempfile.TemporaryDirectory(prefix="kallphone-speech-", dir=_memory())
        self._tasks = TaskThread("speech")

    def start(self) -> None:
        self._tasks.start()

    def stop(self) -> None:
        self._tasks.stop()
        self._folder.cleanup()

    def say(self, text: str, *, aloud: bool) -> None:
        language = self._language()
        self._tasks.submit(lambda: self._say(text, language, aloud=aloud))

    def _say(self, text: str, language: str, *, aloud: bool) -> None:
        name = sha256(f"{language} {text}".encode()).hexdigest()[:16]
        wav = Path(self._folder.name) / f"{name}.wav"
        try:
            if not wav.exists():
                synthesise(text, language, wav)
        except SpeechError as error:
            log.warning("not spoken: %s", error)
            return
        (self._aloud if aloud else self._in_ear)(wav)


def synthesise(text: str, voice: str, wav: Path) -> None:
    """Raises SpeechError."""
    # "--" keeps a name that begins with a dash from being an option.
    command = ["espeak-ng", "-v", voice, "-s", _WORDS_A_MINUTE, "-w", str(wav), "--", text]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SPOKEN_WITHIN_S)
    except FileNotFoundError:
        raise SpeechError("espeak-ng is not installed: apt install espeak-ng") from None
    except subprocess.SubprocessError as error:
        wav.unlink(missing_ok=True)
        raise SpeechError(f"espeak-ng does not speak {voice}: {error}") from error
    with wave.open(str(wav), "rb") as spoken:
        samples = spoken.readframes(spoken.getnframes())
    write_wav(wav, samples)


def write_wav(file: Path, samples: bytes) -> None:
    """Samples of 16 bits at RATE, mono, as pjmedia plays them whole."""
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples + _TAIL)


def _memory() -> str | None:
    """The card is spared where there is a file system in memory."""
    shared = Path("/dev/shm")  # noqa: S108 - the folder made there is private
    return str(shared) if shared.is_dir() else None
