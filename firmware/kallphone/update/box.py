"""The parts of an updater, put together for the phone that this runs on."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallphone.device.layout import Layout
from kallphone.device.sticks import stick_partitions
from kallphone.update.card import Card, SystemMounts
from kallphone.update.disk import Disk
from kallphone.update.errors import CardTrouble, Postponed
from kallphone.update.fetch import Server
from kallphone.update.install import Box
from kallphone.update.keys import parse_keys
from kallphone.update.memory import Memory
from kallphone.update.phone import RunningPhone
from kallphone.update.slots import running_slot
from kallphone.update.sources import STICK_FOLDER, Folder, Source


class Systemd:
    def restart(self) -> None:
        done = subprocess.run(["systemctl", "reboot"], capture_output=True, check=False, text=True)
        if done.returncode:
            raise CardTrouble(f"the phone can't start again: {done.stderr.strip()}. Switch it off and on")


@dataclass(frozen=True, slots=True)
class Settings:
    """From system/update/settings.toml, else from [update] of the image's preset.

    `ca_file` lies beside the one that names it, where that gives no absolute path.
    """

    url: str = ""
    automatic: bool = True
    ca_file: Path | None = None


def open_box(root: Path) -> Box:
    """Raises CardTrouble where this is no flashed phone, Refused for a damaged list of keys."""
    layout, disk = Layout.below(root), Disk()
    try:
        release = json.loads(layout.release.read_bytes())
        build, version = int(release["build"]), str(release["version"])
        keys = parse_keys((layout.share / "update-keys.json").read_bytes())
        cmdline = (root / "proc/cmdline").read_text()
    except (OSError, ValueError, KeyError, TypeError):
        raise CardTrouble("this is no flashed phone: it has no release and no keys of updates") from None
    return Box(
        layout=layout,
        card=Card(layout.boot, disk, SystemMounts(), root / "dev"),
        disk=disk,
        memory=Memory(memory_folder(layout), disk),
        phone=RunningPhone(layout, time.time, time.sleep),
        power=Systemd(),
        slot=running_slot(cmdline),
        build=build,
        version=version,
        image_keys=keys,
    )


def memory_folder(layout: Layout) -> Path:
    return layout.system / "update"


def read_settings(layout: Layout) -> Settings:
    """Raises CardTrouble for a file that its owner has to mend."""
    own = _toml(memory_folder(layout) / "settings.toml")
    told = _toml(layout.preset).get("update", {}) | own
    url, automatic, ca_file = told.get("url", ""), told.get("automatic", True), told.get("ca_file")
    if not isinstance(url, str) or not isinstance(automatic, bool) or not isinstance(ca_file, str | None):
        raise CardTrouble('the settings of updates want url = "https://..." and automatic = true or false')
    beside = memory_folder(layout) if "ca_file" in own else layout.preset.parent
    return Settings(url, automatic, beside / ca_file if ca_file else None)


@contextmanager
def sources(
    box: Box, settings: Settings, given: Path | None, root: Path = Path("/")
) -> Iterator[list[Source]]:
    """The folder that was given; else USB sticks, then the server."""
    if given is not None:
        yield [Folder(given)]
        return
    with ExitStack() as stack:
        found: list[Source] = []
        for device in stick_partitions(root):
            try:
                stick = stack.enter_context(box.card.mounted(device, None))
            except CardTrouble:
                continue  # not one that this kernel can read
            if (stick / STICK_FOLDER).is_dir():
                found.append(Folder(stick / STICK_FOLDER))
        if settings.url:
            found.append(Server(settings.url, release_build=box.build, ca_file=settings.ca_file))
        yield found


@contextmanager
def alone(layout: Layout, *, wait: bool = False) -> Iterator[None]:
    """Where another updater is at work, waits for its end, or raises Postponed."""
    # The folder is the phone's user's: root follows no link there.
    handle = os.open(layout.run / "updating", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    except BlockingIOError:
        raise Postponed("another update is at work") from None
    finally:
        os.close(handle)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CardTrouble(f"{path} can't be read: {error}") from None
