from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from kallmachine.errors import MachineError

_KILOBITS = "16"
_ENCODED_WITHIN_S = 60.0


def check_encoder() -> None:
    """Raises MachineError without opusenc: nothing that is recorded could be sealed."""
    if shutil.which("opusenc") is None:
        raise MachineError("opusenc is not installed: apt install opus-tools")


def encode(file: Path) -> bytes:
    """A WAV as Ogg Opus (RFC 7845), two minutes of it in about 250 KB; OSError where that fails.

    The header's length does not count, since a recording that was cut off has none.
    """
    command = [
        "opusenc", "--quiet", "--bitrate", _KILOBITS, "--speech", "--padding", "0", "--ignorelength",
        str(file), "-",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=_ENCODED_WITHIN_S)
    except subprocess.SubprocessError as error:
        raise OSError(f"opusenc gave no sound for {file}: {error}") from error
    return done.stdout
