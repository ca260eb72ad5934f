from __future__ import annotations

import math
import struct
from pathlib import Path

from kallmachine.errors import MachineError
from kallmachine.words import BEEP, PAUSE, Language
from kallphone.speech import RATE, SpeechError, synthesise, write_wav

_PAUSE_S = 0.3
_BEEP_S = 0.4
_BEEP_HZ = 1000
_BEEP_LEVEL = 0.25


def speak(language: Language, folder: Path) -> dict[str, Path]:
    """Speaks every part into a WAV in the folder; raises MachineError where there is no espeak-ng."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.wav" for name in (*language.parts(), BEEP, PAUSE)}
    for name, text in language.parts().items():
        _say(language.voice, text, files[name])
    write_wav(files[PAUSE], b"\0\0" * int(_PAUSE_S * RATE))
    write_wav(files[BEEP], _beep())
    return files


def _say(voice: str, text: str, file: Path) -> None:
    try:
        synthesise(text, voice, file)
    except SpeechError as error:
        raise MachineError(str(error)) from None


def _beep() -> bytes:
    turn = 2 * math.pi * _BEEP_HZ / RATE
    samples = [round(32767 * _BEEP_LEVEL * math.sin(turn * at)) for at in range(int(_BEEP_S * RATE))]
    return struct.pack(f"<{len(samples)}h", *samples)
