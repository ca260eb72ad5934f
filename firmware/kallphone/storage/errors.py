"""What can go wrong with the phone's own disk.

StorageError
├── DiskFull            nothing was written
├── DiskReadOnly        the file, its directory or the whole card can't be written
├── DatabaseDamaged     not a database, or its pages contradict each other
├── DatabaseTooNew      written by a newer version of this program
├── DatabaseBusy        another process holds it
├── VoucherTooLow       a voucher below the highest signed one
├── BookFull            the phonebook holds no more contacts
├── PinUnusable         not a PIN that can be set
├── WordsWrong          no backup of an account: which word, and what may be meant
└── KeyFileError
    ├── KeyMissing      there is no key yet
    ├── KeyExists       there is one, and making another would lose it
    ├── KeyDamaged      not a sealed key, or readable by others
    ├── NoWords         made before backups were words
    ├── PinNeeded       sealed with a PIN, and none was given
    └── WrongPin
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path


class StorageError(Exception):
    pass


class DiskFull(StorageError):
    pass


class DiskReadOnly(StorageError):
    pass


class DatabaseDamaged(StorageError):
    pass


class DatabaseTooNew(StorageError):
    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has version {found}, this program knows up to {known}: update it, or restore a backup"
        )
        self.found = found
        self.known = known


class DatabaseBusy(StorageError):
    pass


class VoucherTooLow(StorageError):
    def __init__(self, given: int, highest: int) -> None:
        super().__init__(f"a voucher over {given} is below the highest signed one, {highest}")
        self.given = given
        self.highest = highest


class BookFull(StorageError):
    pass


class PinUnusable(StorageError):
    pass


class WordsWrong(StorageError):
    """`guesses`: places from 1 on, with a word that may be meant there; not in the text, which is logged."""

    def __init__(self, text: str, guesses: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(text)
        self.guesses = guesses


class KeyFileError(StorageError):
    pass


class KeyMissing(KeyFileError):
    pass


class KeyExists(KeyFileError):
    pass


class KeyDamaged(KeyFileError):
    pass


class NoWords(KeyFileError):
    pass


class PinNeeded(KeyFileError):
    pass


class WrongPin(KeyFileError):
    pass


_FAULTS: dict[int, tuple[type[StorageError], str]] = {
    sqlite3.SQLITE_FULL: (DiskFull, "the disk is full: free some space"),
    sqlite3.SQLITE_READONLY: (DiskReadOnly, "it can't be written: check its owner and the card"),
    sqlite3.SQLITE_CANTOPEN: (DiskReadOnly, "it can't be opened: check that its directory exists"),
    sqlite3.SQLITE_PERM: (DiskReadOnly, "access was denied: check its owner"),
    sqlite3.SQLITE_CORRUPT: (DatabaseDamaged, "it is damaged: restore a backup"),
    sqlite3.SQLITE_NOTADB: (DatabaseDamaged, "it is not a database of this phone: restore a backup"),
    sqlite3.SQLITE_BUSY: (DatabaseBusy, "another process holds it: is a second phone running?"),
}


def storage_error(path: Path, error: sqlite3.Error) -> StorageError:
    """The StorageError behind what SQLite reports; extended result codes keep theirs in the low byte."""
    code = getattr(error, "sqlite_errorcode", None)
    kind, advice = _FAULTS.get((code or 0) & 0xFF, (StorageError, str(error)))
    return kind(f"{path}: {advice}")


def file_error(path: Path, error: OSError) -> StorageError:
    """The StorageError behind a file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{path}: the disk is full: free some space")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return DiskReadOnly(f"{path}: it can't be written: check its owner and the card")
    return StorageError(f"{path}: {error.strerror}")
