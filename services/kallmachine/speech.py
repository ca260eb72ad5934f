from __future__ import annotations

import math
import struct
import subprocess
import wave
from pathlib import Path

from kallmachine.errors import MachineError
from kallmachine.words import BEEP, PAUSE, Language

RATE = 22_000
"""Hz. espeak-ng has 22,050, of which no whole number goes into a 10 ms frame; nobody hears 0.2 %."""

_WORDS_A_MINUTE = "140"
_PAUSE_S = 0.3
_BEEP_S = 0.4
_BEEP_HZ = 1000
_BEEP_LEVEL = 0.25
# pjmedia drops what does not fill its last buffer of 4000 bytes.
_TAIL = b"\0" * 4400
_SPOKEN_WITHIN_S = 30.0


def speak(language: Language, folder: Path) -> dict[str, Path]:
    """Speaks every part into a WAV in the folder; raises MachineError where there is no espeak-ng."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.wav" for name in (*language.parts(), BEEP, PAUSE)}
    for name, text in language.parts().items():
        _say(language.voice, text, files[name])
    _write(files[PAUSE], b"\0\0" * int(_PAUSE_S * RATE))
    _write(files[BEEP], _beep() + _TAIL)
    return files


def _say(voice: str, text: str, file: Path) -> None:
    command = ["espeak-ng", "-v", voice, "-s", _WORDS_A_MINUTE, "-w", str(file), text]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SPOKEN_WITHIN_S)
    except FileNotFoundError:
        raise MachineError("espeak-ng is not installed: apt install espeak-ng") from None
    except subprocess.SubprocessError as error:
        raise MachineError(f"espeak-ng does not speak {voice}: {error}") from error
    with wave.open(str(file), "rb") as spoken:
        samples = spoken.readframes(spoken.getnframes())
    _write(file, samples)


def _beep() -> bytes:
    turn = 2 * math.pi * _BEEP_HZ / RATE
    samples = [round(32767 * _BEEP_LEVEL * math.sin(turn * at)) for at in range(int(_BEEP_S * RATE))]
    return struct.pack(f"<{len(samples)}h", *samples)


def _write(file: Path, samples: bytes) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples)
