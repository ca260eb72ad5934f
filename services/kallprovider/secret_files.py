from __future__ import annotations

import os
import secrets
from pathlib import Path

from kallnet import secret_file
from kallnet.account import Account
from kallnet.errors import SecretFileInvalid
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
        return secret_file.read_secret(path, size)
    except SecretFileInvalid as error:
        raise _config_error(error, path) from None


def load_account(path: Path) -> Account:
    try:
        return secret_file.load_account(path)
    except SecretFileInvalid as error:
        raise _config_error(error, path) from None


def _config_error(error: SecretFileInvalid, path: Path) -> ConfigError:
    hint = "" if path.exists() else "; `python -m kallprovider init FILE` makes one"
    return ConfigError(f"{error}{hint}")
