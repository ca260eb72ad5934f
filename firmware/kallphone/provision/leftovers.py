"""What Raspberry Pi Imager leaves on the boot partition for other systems."""

from __future__ import annotations

from pathlib import Path

_NAMES = ("firstrun.sh", "user-data", "meta-data", "network-config", "custom.toml", "cmdline.txt", "ssh",
          "ssh.txt", "userconf.txt", "wpa_supplicant.conf")  # fmt: skip
_MISNAMED = ("kallphone.toml.txt", "kallphone.txt", "Kallphone.toml.txt")


def leftovers(boot: Path) -> tuple[str, ...]:
    """A line each for the journal."""
    found = [name for name in _NAMES if (boot / name).exists()]
    words = "is not read by this phone: its settings are those of kallphone.toml"
    return tuple(f"{name} {words}" for name in found)


def misnamed(boot: Path) -> str:
    """In words, where an editor gave the installer's file another name; empty where not."""
    for name in _MISNAMED:
        if (boot / name).exists() and not (boot / "kallphone.toml").exists():
            return f"{name} must be called kallphone.toml: rename it (Windows hides the .txt at the end)"
    return ""
