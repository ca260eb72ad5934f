"""Where an update comes from: a server over HTTPS, or a folder of a USB stick. Neither is believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from kallphone.update.disk import CHUNK
from kallphone.update.errors import Refused, Unreachable
from kallphone.update.keys import LONGEST_KEYS, TrustedKeys, no_hand_overs
from kallphone.update.manifest import (
    KEYS_FILE,
    LONGEST_MANIFEST,
    MANIFEST_FILE,
    SIGNATURE_FILE,
    Manifest,
    parse_manifest,
)

STICK_FOLDER = "kallphone-update"
_LONGEST_SIGNATURE = 4096  # bytes


class Source(Protocol):
    @property
    def name(self) -> str: ...

    def read(self, name: str, longest: int) -> bytes | None:
        """A small file whole, None where there is none. Raises Unreachable, Refused when it is too long."""

    def stream(self, name: str, size: int) -> Iterator[bytes]:
        """`size` bytes in pieces of at most a MiB. Raises Unreachable, Refused when the file is longer."""

    def require(self, name: str, size: int) -> None:
        """Raises Refused, Unreachable where it can be told before streaming that the file is not so long."""


class Folder:
    """A folder with manifest.json and what belongs to it, as on a USB stick."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)

    def read(self, name: str, longest: int) -> bytes | None:
        try:
            with (self._path / name).open("rb") as file:
                content = file.read(longest + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreachable(f"{self._path / name} can't be read: {error.strerror}") from None
        if len(content) > longest:
            raise Refused(f"{self._path / name} is longer than {longest} bytes")
        return content

    def stream(self, name: str, size: int) -> Iterator[bytes]:
        try:
            with (self._path / name).open("rb") as file:
                left = size
                while left > 0 and (chunk := file.read(min(CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
                longer = left == 0 and bool(file.read(1))
        except OSError as error:
            raise Unreachable(f"{self._path / name} can't be read: {error.strerror}") from None
        if left or longer:
            raise Refused(f"{self._path / name} has not the {size} bytes that the manifest names")

    def require(self, name: str, size: int) -> None:
        try:
            found = (self._path / name).stat().st_size
        except OSError as error:
            raise Unreachable(f"{self._path / name} can't be read: {error.strerror}") from None
        if found != size:
            raise Refused(f"{self._path / name} has not the {size} bytes that the manifest names")


def signed_manifest(source: Source, trusted: TrustedKeys) -> tuple[Manifest, TrustedKeys]:
    """What the source offers, and the newest list of keys that it leads to from `trusted`.

    Raises Refused for whatever nobody trusted has signed, Unreachable.
    """
    content = _wanted(source, MANIFEST_FILE, LONGEST_MANIFEST)
    signature = _wanted(source, SIGNATURE_FILE, _LONGEST_SIGNATURE)
    newest = trusted.walk(source.read(KEYS_FILE, LONGEST_KEYS) or no_hand_overs())
    newest.verify(content, signature, "the update's manifest")
    return parse_manifest(content), newest


def _wanted(source: Source, name: str, longest: int) -> bytes:
    content = source.read(name, longest)
    if content is None:
        raise Unreachable(f"{source.name} has no {name}, so there is no update")
    return content
