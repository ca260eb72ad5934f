from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK = 1 << 20  # bytes


class Disk:
    """Every change that updates make to the card. Each goes through `step`, where tests cut the power.

    All raise OSError.
    """

    def step(self, what: str, path: Path) -> None:
        """`what` ("write", "sync", "rename", "unlink", "mkdir") is about to be done to `path`."""

    def write_at(self, handle: int, path: Path, offset: int, content: bytes) -> None:
        self.step("write", path)
        while content:
            written = os.pwrite(handle, content, offset)
            content, offset = content[written:], offset + written

    def sync(self, handle: int, path: Path) -> None:
        self.step("sync", path)
        os.fsync(handle)

    @contextmanager
    def open_to_write(self, path: Path, flags: int = 0) -> Iterator[int]:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o644)
        try:
            yield handle
        finally:
            os.close(handle)

    def overwrite(self, path: Path, content: bytes) -> None:
        """In its place, on disk when this returns. Whoever passes one sector gets the old or the new one."""
        with self.open_to_write(path) as handle:
            self.write_at(handle, path, 0, content)
            self.sync(handle, path)

    def write_new(self, path: Path, content: Iterator[bytes], mode: int | None = None) -> None:
        """A file that nobody reads until this has returned; FAT knows no safe replacement."""
        with self.open_to_write(path, os.O_CREAT | os.O_TRUNC) as handle:
            if mode is not None:
                os.fchmod(handle, mode)
            offset = 0
            for chunk in content:
                self.write_at(handle, path, offset, chunk)
                offset += len(chunk)
            self.sync(handle, path)

    def replace(self, path: Path, content: bytes) -> None:
        """Whole and on disk when this returns, or as it was before; for everybody to read. Not on FAT."""
        scratch = path.with_name(f".{path.name}.new")
        self.write_new(scratch, iter([content]), 0o644)
        self.step("rename", path)
        scratch.replace(path)
        self.sync_folder(path.parent)

    def unlink(self, path: Path) -> None:
        if path.exists():
            self.step("unlink", path)
            path.unlink()
            self.sync_folder(path.parent)

    def make_folder(self, path: Path) -> None:
        """The first one that is missing may be any of its parents."""
        if not path.is_dir():
            self.make_folder(path.parent)
            self.step("mkdir", path)
            path.mkdir(exist_ok=True)
            self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sync(handle, path)
        finally:
            os.close(handle)


def size_of(path: Path) -> int:
    """Bytes of a file or a partition."""
    with path.open("rb") as file:
        return file.seek(0, os.SEEK_END)


def digest_on_disk(path: Path, size: int | None = None) -> str:
    """SHA-256 of the first `size` bytes, or of all, as the card has them, not as memory has."""
    digest = hashlib.sha256()
    left = size_of(path) if size is None else size
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
            # Memory is small: the phone's own pages are worth more than these.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest()
