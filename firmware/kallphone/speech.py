from __future__ import annotations

import logging
import subprocess
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)

SYNTHESIS_S = 10.0
WORDS_A_MINUTE = 150

Play = Callable[[Path], None]


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
        if wav.exists() or _synthesised(text, language, wav):
            (self._aloud if aloud else self._in_ear)(wav)


def _synthesised(text: str, language: str, wav: Path) -> bool:
    # "--" keeps a name that begins with a dash from being an option.
    command = ["espeak-ng", "-v", language, "-s", str(WORDS_A_MINUTE), "-w", str(wav), "--", text]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=SYNTHESIS_S)
    except FileNotFoundError:
        log.warning("nothing is spoken: install espeak-ng")
        return False
    except subprocess.SubprocessError as error:
        log.warning("not spoken: %s", error)
        wav.unlink(missing_ok=True)
        return False
    return True


def _memory() -> str | None:
    """The card is spared where there is a file system in memory."""
    shared = Path("/dev/shm")  # noqa: S108 - the folder made there is private
    return str(shared) if shared.is_dir() else None
