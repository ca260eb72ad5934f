"""The FAT partition: readable on any PC, mounted read-only but for the moment in which a file is written."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kallphone.provision.errors import ProvisionError

log = logging.getLogger(__name__)

Remount = Callable[[Path, str], None]


class BootPartition:
    """`remount` gets the folder and "rw" or "ro"; raises ProvisionError where it can't."""

    def __init__(self, folder: Path, remount: Remount) -> None:
        self.folder = folder
        self._remount = remount

    def read(self, name: str) -> bytes | None:
        """None where there is no such file. Raises OSError."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Whole or as it was before; what it held before is overwritten. Raises OSError, ProvisionError."""
        if self.read(name) == content:
            return
        with self._writable():
            _replace(self.folder / name, content)

    def remove(self, name: str) -> None:
        path = self.folder / name
        if path.exists():
            with self._writable():
                path.unlink()
                _sync(self.folder)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        self._remount(self.folder, "rw")
        try:
            yield
        finally:
            try:
                self._remount(self.folder, "ro")
            except ProvisionError as problem:
                log.warning("%s", problem)


def mount_again(folder: Path, how: str) -> None:
    try:
        subprocess.run(
            ["mount", "-o", f"remount,{how}", str(folder)], check=True, capture_output=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise ProvisionError(f"{folder} can't be mounted {how}: {problem}") from None


def as_it_is(_folder: Path, _how: str) -> None:
    """For a folder that stands for a partition."""


def _replace(path: Path, content: bytes) -> None:
    scratch = path.with_name(f"{path.name}.new")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        old = path.open("r+b")
    except FileNotFoundError:
        scratch.replace(path)
        _sync(path.parent)
        return
    with old:
        size = old.seek(0, os.SEEK_END)
        scratch.replace(path)
        _sync(path.parent)
        # The old file has no name any more, but its sectors hold what was in it.
        old.seek(0)
        old.write(bytes(size))
        old.flush()
        os.fsync(old.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
