"""A flashed phone made of files: a folder for the FAT, two for the partitions, and a power that can be cut.

What starts is found as on the phone: config.txt, then the real trial.sh in a real shell.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nacl.signing import SigningKey

import kallphone.update
from kallphone.device.layout import Layout
from kallphone.update.box import memory_folder
from kallphone.update.card import Card
from kallphone.update.disk import Disk
from kallphone.update.errors import CardTrouble
from kallphone.update.install import Box
from kallphone.update.keys import TrustedKeys, no_hand_overs, sign
from kallphone.update.manifest import (
    KEYS_FILE,
    MANIFEST_FILE,
    SIGNATURE_FILE,
    SYSTEM_FILE,
    Manifest,
    describe,
)
from kallphone.update.memory import Memory
from kallphone.update.phone import RunningPhone
from kallphone.update.slots import Slot, chosen_slot, config_sector, other, slot_name, trial_sector
from kallphone.update.staging import BOOT_IN_SYSTEM, HEAD, RELEASE_IN_SYSTEM

OLDER, OLD, NEW = 500, 1_000, 2_000
SLOT_SIZE = 64 * 1024
PIECE = 7_000
TRIAL_SH = Path(kallphone.update.__file__).with_name("trial.sh")
SHELLS = [shell for shell in (["busybox", "sh"], ["dash"], ["sh"]) if shutil.which(shell[0])]
BOOT_FILES = {"vmlinuz": 9_000, "initrd.img": 5_000, "overlays/one.dtbo": 300}


class PowerCut(BaseException):
    """No handler for errors may catch it."""


class Restarted(BaseException):
    pass


def make_system(build: int) -> bytes:
    """Stands for a squashfs: boot files by name, then content that no other build has."""
    chance = random.Random(build)
    boot = {name: chance.randbytes(size).hex() for name, size in BOOT_FILES.items()}
    boot |= {"cmdline.txt.in": b"boot=kall kall.slot=@SLOT@ quiet\n".hex(), "kall.txt": b"shared\n".hex()}
    return json.dumps({"build": build, "boot": boot}).encode() + b"\n" + chance.randbytes(20_000)


def boot_files_of(system: bytes) -> dict[str, bytes]:
    return {name: bytes.fromhex(told) for name, told in json.loads(system.split(b"\n")[0])["boot"].items()}


def make_release(folder: Path, build: int, key: SigningKey, system: bytes | None = None) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SYSTEM_FILE).write_bytes(system if system is not None else make_system(build))
    manifest = describe(folder / SYSTEM_FILE, f"v{build}", build)
    publish(folder, manifest, key)
    return manifest


def publish(folder: Path, manifest: Manifest, key: SigningKey) -> None:
    (folder / MANIFEST_FILE).write_bytes(manifest.to_bytes())
    (folder / SIGNATURE_FILE).write_bytes(sign(manifest.to_bytes(), key))
    (folder / KEYS_FILE).write_bytes(no_hand_overs())


class CuttableDisk(Disk):
    """Ends at its `cut`th change. What was not synced yet is then kept, lost, or lost by half."""

    def __init__(self, cut: int = 0, fate: str = "kept") -> None:
        self.steps = 0
        self.open_fat: Path | None = None
        self._cut = cut
        self._fate = fate
        self._before: dict[Path, bytes] = {}

    def step(self, what: str, path: Path) -> None:
        if "firmware" in path.parts and not (self.open_fat and path.is_relative_to(self.open_fat)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        self.steps += 1
        if self.steps == self._cut:
            self._lose()
            raise PowerCut
        if what == "write":
            self._before.setdefault(path, path.read_bytes())

    def sync(self, handle: int, path: Path) -> None:
        self.step("sync", path)
        self._before.pop(path, None)

    def _lose(self) -> None:
        for path, before in self._before.items():
            written = path.read_bytes()
            if self._fate == "lost" or (self._fate == "torn" and len(written) <= 512):
                path.write_bytes(before)
            elif self._fate == "torn":
                half = len(written) // 2
                path.write_bytes(written[:half] + before[half:])


class FakeMounts:
    """Has the disk refuse writes to the FAT as the kernel would, and mounts what `make_system` made."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def writable(self, folder: Path) -> None:
        if isinstance(self._disk, CuttableDisk):
            self._disk.open_fat = folder

    def read_only(self, folder: Path) -> None:
        if isinstance(self._disk, CuttableDisk):
            self._disk.open_fat = None

    def mount(self, device: Path, folder: Path, kind: str | None) -> None:
        try:
            told = json.loads(device.read_bytes().split(b"\n")[0])
        except ValueError:
            raise CardTrouble("mount: wrong fs type, bad superblock") from None
        files = {BOOT_IN_SYSTEM / name: bytes.fromhex(content) for name, content in told.pop("boot").items()}
        files[RELEASE_IN_SYSTEM] = json.dumps(told).encode()
        for name, content in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def unmount(self, folder: Path) -> None:
        shutil.rmtree(folder / "usr")


class Restarter:
    def restart(self) -> None:
        raise Restarted


class Pieces:
    """A source that reads a folder in small pieces."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = str(folder)
        self.streamed = 0

    def read(self, name: str, longest: int) -> bytes | None:
        path = self._folder / name
        return path.read_bytes() if path.exists() else None

    def stream(self, name: str, size: int) -> Iterator[bytes]:
        content = (self._folder / name).read_bytes()
        self.streamed += 1
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    def require(self, name: str, size: int) -> None: ...


@dataclass
class World:
    root: Path
    key: SigningKey
    shell: list[str] = field(default_factory=lambda: SHELLS[0])
    now: float = 1_800_000_000.0
    registers: bool = True
    slot: Slot = "a"
    trials: int = 0  # starts of NEW

    def __post_init__(self) -> None:
        self.layout: Layout = Layout.below(self.root)
        self.systems = {build: make_system(build) for build in (OLDER, OLD, NEW)}
        self._flash()
        self.start()

    def _flash(self) -> None:
        for folder in (self.boot / "slots/b", self.layout.system, self.layout.run, self.layout.share):
            folder.mkdir(parents=True)
        (self.boot / "config.txt").write_bytes(config_sector("a"))
        (self.boot / "trial.txt").write_bytes(trial_sector(None))
        for slot in ("a", "b"):
            self.partition(slot_name(slot)).parent.mkdir(parents=True, exist_ok=True)
            self.partition(slot_name(slot)).write_bytes(bytes(SLOT_SIZE))
            (self.root / f"config.{slot}").write_bytes(config_sector(slot_name(slot)))
        self.put(self.partition("a"), self.systems[OLD])
        self.put(self.partition("b"), self.systems[OLDER])
        for name, content in self._boot_files(self.systems[OLD], "a").items():
            place = self.boot / "slots/a" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        self.layout.in_use.touch()

    @property
    def boot(self) -> Path:
        return self.layout.boot

    @property
    def build(self) -> int:
        """Of the system that runs."""
        content = self.partition(self.slot).read_bytes()
        return next(build for build, system in self.systems.items() if content.startswith(system))

    def partition(self, slot: Slot) -> Path:
        return self.root / f"dev/disk/by-partuuid/4b414c4c-0{'2' if slot == 'a' else '3'}"

    def put(self, partition: Path, system: bytes) -> None:
        partition.write_bytes(system + bytes(SLOT_SIZE - len(system)))

    def start(self) -> None:
        """As firmware and initramfs do; asserts that only whole systems are ever started."""
        self.layout.status.unlink(missing_ok=True)
        for _ in range(3):
            self.slot = chosen_slot((self.boot / "config.txt").read_bytes())
            self.assert_whole(self.slot)
            self.assert_whole_or_unreadable(self.other_slot)
            if self.judge() == 0:
                self.trials += self.build == NEW
                self.speak()
                return
        raise AssertionError("starts over and over")

    def judge(self, writes: int = 9) -> int:
        """trial.sh in the running slot; the power goes before it writes more than `writes` times."""
        script = f"""
            . {TRIAL_SH}
            left={writes}
            real() {{ dd of="$1" bs=512 count=1 conv=notrunc,fsync 2>/dev/null; }}
            overwrite() {{ left=$((left - 1)); if [ $left -lt 0 ]; then kill -9 $$; fi; real "$1"; }}
            if on_trial {self.boot} {self.slot}; then judge_trial {self.boot} {self.slot} {self.root}; fi
        """
        return subprocess.run([*self.shell, "-c", script], check=False).returncode

    def assert_whole(self, slot: Slot) -> None:
        content = self.partition(slot).read_bytes()
        system = next((s for s in self.systems.values() if content.startswith(s)), None)
        assert system is not None, f"system {slot} is no release"
        there = {
            str(path.relative_to(self.boot / "slots" / slot)): path.read_bytes()
            for path in (self.boot / "slots" / slot).rglob("*")
            if path.is_file() and path.name != "complete"
        }
        assert there == self._boot_files(system, slot)

    def assert_whole_or_unreadable(self, slot: Slot) -> None:
        """Else a damaged neighbour would have the initramfs start half a system."""
        content = self.partition(slot).read_bytes()
        if any(content[:HEAD]):
            assert any(content.startswith(s) for s in self.systems.values()), f"half a system is in {slot}"

    def speak(self) -> None:
        told = {"mode": "phone", "registered": self.registers, "spoke": int(self.now), "release": self.build}
        self.layout.status.write_text(json.dumps(told))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.registers:
            self.speak()

    def box(self, disk: Disk | None = None) -> Box:
        disk = disk or CuttableDisk()
        return Box(
            layout=self.layout,
            card=Card(self.boot, disk, FakeMounts(disk), self.root / "dev"),
            disk=disk,
            memory=Memory(memory_folder(self.layout), disk),
            phone=RunningPhone(self.layout, lambda: self.now, self.sleep),
            power=Restarter(),
            slot=self.slot,
            build=self.build,
            version=f"v{self.build}",
            image_keys=TrustedKeys(0, (bytes(self.key.verify_key),)),
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )

    @property
    def other_slot(self) -> Slot:
        return other(self.slot)

    def _boot_files(self, system: bytes, slot: Slot) -> dict[str, bytes]:
        files = boot_files_of(system)
        cmdline = files.pop("cmdline.txt.in").replace(b"@SLOT@", slot.encode())
        files.pop("kall.txt")
        return files | {"cmdline.txt": cmdline}
