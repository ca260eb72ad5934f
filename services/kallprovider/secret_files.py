from __future__ import annotations

import os
import secrets
from pathlib import Path

from kallnet.account import Account
from kallprovider.errors import ConfigError


def read_or_create(path: Path, size: int = 32) -> str:
    """The hex text in the file; made from `size` random bytes, mode 0600, when there is none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read(path, size)
    text = secrets.token_hex(size)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return text


def read(path: Path, size: int = 32) -> str:
    """Raises ConfigError, without the content, when missing, readable by others, or malformed."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="ascii").strip().removeprefix("0x")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; `python -m kallprovider init FILE` makes one") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} can't be read as text") from None
    if mode & 0o077:
        raise ConfigError(f"{path} is readable by others (mode {mode:o}); run: chmod 600 {path}")
    if len(text) != 2 * size or not _is_hex(text):
        raise ConfigError(f"{path} must hold {size} bytes as {2 * size} hex digits")
    return text


def load_account(path: Path) -> Account:
    text = read(path)
    try:
        return Account(bytes.fromhex(text))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _is_hex(text: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in text)
