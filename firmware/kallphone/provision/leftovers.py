"""What Raspberry Pi Imager leaves on the boot partition for other systems."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kallphone.provision.card_text import decoded, parsed
from kallphone.provision.errors import FileInvalid

_NAMES = ("firstrun.sh", "user-data", "meta-data", "network-config", "custom.toml", "cmdline.txt", "ssh",
          "ssh.txt", "userconf.txt", "wpa_supplicant.conf")  # fmt: skip
_MISNAMED = ("kallphone.toml.txt", "kallphone.txt", "Kallphone.toml.txt")


def leftovers(boot: Path) -> tuple[str, ...]:
    """A line each for the journal."""
    found = [name for name in _NAMES if (boot / name).exists()]
    words = "is not read by this phone: its settings are those of kallphone.toml"
    return tuple(f"{name} {words}" for name in found)


def misnamed(boot: Path) -> str:
    """In words, where an editor gave the installer's file another name; empty where not.

    The image puts a kallphone.toml there in which all is commented out.
    """
    for name in _MISNAMED:
        if (boot / name).exists() and _says_nothing(boot / "kallphone.toml"):
            return f"{name} must be called kallphone.toml: rename it (Windows hides the .txt at the end)"
    return ""


def _says_nothing(file: Path) -> bool:
    with suppress(FileInvalid, OSError):
        return not file.exists() or not parsed(file.name, decoded(file.name, file.read_bytes()).text)
    return False
