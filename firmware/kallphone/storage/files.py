from __future__ import annotations

import os
import secrets
from pathlib import Path

from kallphone.storage.errors import KeyDamaged, KeyExists


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Writes a file that only its owner reads: whole and on disk when this returns, or as it was before.

    Without `replace`, raises KeyExists where there is a file already, also against a rival process.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_and_sync(scratch, content)
        if replace:
            scratch.replace(path)
        else:
            _link(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    _sync_directory(path.parent)


def keep_aside(path: Path) -> Path:
    """A second name for the file, `NAME.old-1` and so on, so that the first can be given to another."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.old-{number}")
        try:
            os.link(path, aside)
        except FileExistsError:
            number += 1
        else:
            _sync_directory(path.parent)
            return aside


def read_private(path: Path) -> bytes:
    """Raises KeyDamaged for a file that others may read, FileNotFoundError where there is none."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyDamaged(f"{path} is readable by others (mode {mode:o}): run chmod 600 {path}")
    return path.read_bytes()


def _write_and_sync(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _link(scratch: Path, path: Path) -> None:
    try:
        os.link(scratch, path)
    except FileExistsError:
        raise KeyExists(f"{path} exists: making another key would lose the money of this one") from None


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
