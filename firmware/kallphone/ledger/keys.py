from __future__ import annotations

from pathlib import Path

from kallnet.account import Account
from kallphone.ledger.errors import KeyUnusable


def load_account(path: Path) -> Account:
    """From 32 bytes of hex, the provider's format. Raises KeyUnusable, without the content."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="ascii").strip().removeprefix("0x")
    except FileNotFoundError:
        raise KeyUnusable(f"{path} does not exist: name the file that holds the key") from None
    except (OSError, UnicodeDecodeError):
        raise KeyUnusable(f"{path} can't be read as text: name the file that holds the key") from None
    if mode & 0o077:
        raise KeyUnusable(f"{path} is readable by others (mode {mode:o}): run chmod 600 {path}")
    try:
        return Account(bytes.fromhex(text))
    except ValueError:
        raise KeyUnusable(f"{path} holds no key: it takes 32 bytes as 64 hex digits") from None
