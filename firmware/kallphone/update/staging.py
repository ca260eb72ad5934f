from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from kallphone.update.card import Card
from kallphone.update.disk import CHUNK, Disk, digest_on_disk, size_of
from kallphone.update.errors import CardTrouble, Misnamed, Refused
from kallphone.update.manifest import Manifest, canonical
from kallphone.update.slots import Slot

BOOT_IN_SYSTEM = Path("usr/lib/kallphone/boot")
RELEASE_IN_SYSTEM = Path("usr/share/kallphone/release.json")
COMPLETE = "complete"
# Shared by both systems, or the model of a file that differs between them.
_NOT_OF_A_SLOT = {"kall.txt", "cmdline.txt.in"}
# A squashfs without its first block can't be mounted: it is written last.
HEAD = 4096  # bytes
_SYNC_EVERY = 8 * CHUNK  # what waits to be written takes memory


class Staging:
    """Puts a system where none runs from: partition and slots/X of the FAT. Nothing here makes it start."""

    def __init__(self, card: Card, disk: Disk) -> None:
        self._card = card
        self._disk = disk

    def is_ready(self, slot: Slot, manifest: Manifest) -> bool:
        """Whether all of it is there, read from the card."""
        if self._marker(slot).get("sha256") != manifest.sha256:
            return False
        try:
            whole = digest_on_disk(self._card.partition(slot), manifest.size) == manifest.sha256
        except OSError:
            return False
        return whole and self._boot_files_hold(slot)

    def stage(self, slot: Slot, manifest: Manifest, content: Iterator[bytes]) -> None:
        """Raises Refused where the content is not the manifest's, Misnamed, CardTrouble."""
        try:
            self._write_system(slot, manifest, content)
            with self._card.mounted(self._card.partition(slot), "squashfs") as system:
                _require_build(system, manifest)
                # Only now: writable through a download of hours, the FAT would be so when the power goes.
                with self._card.writable():
                    files = self._copy_boot_files(system / BOOT_IN_SYSTEM, slot)
                    marker = canonical({"sha256": manifest.sha256, "files": files})
                    self._disk.write_new(self._folder(slot) / COMPLETE, iter([marker]))
                    self._disk.sync_folder(self._folder(slot))
            ready = self.is_ready(slot, manifest)
        except OSError as error:
            raise CardTrouble(f"the card took no update: {error.strerror}. All stays as it was") from None
        if not ready:
            raise CardTrouble("the card gives back other bytes than were written: replace it soon")

    def _write_system(self, slot: Slot, manifest: Manifest, content: Iterator[bytes]) -> None:
        device = self._card.partition(slot)
        if size_of(device) < max(manifest.size, manifest.min_slot_size):
            raise Refused("the update is too big for this card: flash the card anew with the new image")
        with self._disk.open_to_write(device) as handle:
            self._disk.write_at(handle, device, 0, bytes(HEAD))
            self._disk.sync(handle, device)
            head = self._write_body(handle, device, manifest, content)
            self._disk.write_at(handle, device, 0, head)
            self._disk.sync(handle, device)
        if digest_on_disk(device, manifest.size) != manifest.sha256:
            self._disk.overwrite(device, bytes(HEAD))
            raise CardTrouble("the card gives back other bytes than were written: replace it soon")

    def _write_body(self, handle: int, device: Path, manifest: Manifest, content: Iterator[bytes]) -> bytes:
        """Returns the head, which is not written yet."""
        digest, head, offset, synced = hashlib.sha256(), b"", 0, 0
        for piece in content:
            if offset + len(piece) > manifest.size:
                raise Refused("the update is longer than its manifest says")
            digest.update(piece)
            own = max(0, min(HEAD - offset, len(piece)))
            head += piece[:own]
            if own < len(piece):
                self._disk.write_at(handle, device, offset + own, piece[own:])
            offset += len(piece)
            if offset - synced >= _SYNC_EVERY:
                self._disk.sync(handle, device)
                synced = offset
        self._disk.sync(handle, device)
        if offset != manifest.size or digest.hexdigest() != manifest.sha256:
            raise Refused("the system is not the one that its manifest names: it was changed or damaged")
        return head

    def _copy_boot_files(self, source: Path, slot: Slot) -> dict[str, str]:
        """SHA-256 of each, by its path in slots/X. What an older system left there goes first."""
        model = source / "cmdline.txt.in"
        if not model.is_file():
            raise CardTrouble("the new system has no boot files, so it can't be started")
        target = self._folder(slot)
        self._disk.make_folder(target)
        for old in sorted(target.rglob("*")):
            if old.is_file():
                self._disk.unlink(old)
        digests = {}
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source)
            if path.is_file() and str(name) not in _NOT_OF_A_SLOT:
                digests[str(name)] = self._copy(_pieces(path), target / name)
        cmdline = model.read_bytes().replace(b"@SLOT@", slot.encode())
        digests["cmdline.txt"] = self._copy(iter([cmdline]), target / "cmdline.txt")
        return digests

    def _copy(self, content: Iterator[bytes], target: Path) -> str:
        digest = hashlib.sha256()

        def counted() -> Iterator[bytes]:
            for piece in content:
                digest.update(piece)
                yield piece

        self._disk.make_folder(target.parent)
        self._disk.write_new(target, counted())
        self._disk.sync_folder(target.parent)
        return digest.hexdigest()

    def _boot_files_hold(self, slot: Slot) -> bool:
        files = self._marker(slot).get("files")
        if not isinstance(files, dict) or "cmdline.txt" not in files:
            return False
        try:
            return all(digest_on_disk(self._folder(slot) / name) == digest for name, digest in files.items())
        except OSError:
            return False

    def _marker(self, slot: Slot) -> dict[str, object]:
        try:
            told = json.loads((self._folder(slot) / COMPLETE).read_bytes())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _folder(self, slot: Slot) -> Path:
        return self._card.boot / "slots" / slot


def _require_build(system: Path, manifest: Manifest) -> None:
    """The floor is what the system says of itself: below the manifest's it would be offered for ever."""
    try:
        build = json.loads((system / RELEASE_IN_SYSTEM).read_bytes())["build"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        build = None
    if build != manifest.build:
        told = "says nothing" if build is None else f"says {build}"
        raise Misnamed(f"version {manifest.version} is offered as build {manifest.build}, its system {told}")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while piece := file.read(CHUNK):
            yield piece
