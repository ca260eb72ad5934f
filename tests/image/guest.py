"""A QEMU that boots a card as a Raspberry Pi would, and a hand in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

from kallphone.hardware.pins import Pins
from tests.image.card import Card
from tests.image.machine_tree import machine_tree
from tests.image.pi_firmware import Board, Loaded, load

MACHINE = ("-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "512")
"""A Raspberry Pi Zero 2 W has 512 MB; two of its four cores are what the tests' machine can give."""

AGENT_UNIT = """\
[Unit]
Description=Tests in the guest
DefaultDependencies=no
After=local-fs.target systemd-udevd.service
[Service]
ExecStartPre=/bin/mkdir -p /run/tests
ExecStartPre=/bin/mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 tests /run/tests
ExecStart=/usr/bin/python3 /run/tests/in_guest/agent.py
Restart=always
"""
# DefaultDependencies are off: the agent looks on while the system comes up, and holds up nothing.
# Names of credentials are bound to 55 characters.
_UNIT = "t.service"
_CREDENTIAL = f"opt/io.systemd.credentials/systemd.extra-unit.{_UNIT}"

BOOT_S = 240.0
"""Patience, not a measurement: far beyond what a loaded machine needs to boot an emulated one."""


class GuestGone(AssertionError):
    """The guest ended, or does not answer; the words carry the end of its console."""


@dataclass(frozen=True)
class Answer:
    code: int
    out: str


@dataclass
class Guest:
    """One phone on an emulated board. `folder` keeps the console, the share and the sockets.

    `words` are added to the kernel's line, `more` to QEMU's; `wait_for_reboot` has the firmware read the
    card again whenever the guest restarts itself, as the Pi's does.
    """

    card: Card
    folder: Path
    pins: Pins
    words: str = ""
    more: Sequence[str] = ()
    board: Board = field(default_factory=Board)
    machine: Sequence[str] = MACHINE
    agent: bool = True
    boots: list[Loaded] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _link: socket.socket | None = None
    _answers: _Lines | None = None
    _pinned: bool = False
    started: float = 0.0

    @property
    def share(self) -> Path:
        return self.folder / "share"

    @property
    def console(self) -> str:
        with suppress(FileNotFoundError):
            return (self.folder / "console.log").read_text(errors="replace")
        return ""

    def power_on(self) -> None:
        """What the firmware finds on the card now is started."""
        self.share.mkdir(parents=True, exist_ok=True)
        copytree(Path(__file__).with_name("in_guest"), self.share / "in_guest", dirs_exist_ok=True)
        found = load(self.card.read, self.board)
        self.boots.append(found)
        self._pinned = False
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command(found)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.started = time.monotonic()

    def power_off(self) -> None:
        """As the plug is pulled: QEMU is killed, nothing is written any more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._forget_link()

    def wait_for_end(self, within_s: float) -> None:
        """Until the guest has switched itself off or restarted, which ends its QEMU."""
        assert self._process is not None
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise GuestGone(f"still running after {within_s:.0f} s:\n{self.tail()}") from None
        self._forget_link()

    def restart_when_it_restarts(self, within_s: float) -> None:
        self.wait_for_end(within_s)
        self.power_on()

    def follow(self, holds: Callable[[], object], within_s: float, what: str) -> None:
        """Until it holds, however often the guest restarts itself: the firmware reads the card each time."""
        deadline = time.monotonic() + within_s
        while True:
            if not self.running:
                self._forget_link()
                self.power_on()
            with suppress(GuestGone):
                if holds():
                    return
            if time.monotonic() > deadline:
                raise GuestGone(
                    f"no {what} within {within_s:.0f} s, started as {self.prefixes}:\n{self.tail()}"
                )
            time.sleep(1.0)

    @property
    def prefixes(self) -> list[str]:
        """Which system each start was of."""
        return [boot.prefix for boot in self.boots]

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.console.splitlines()[-lines:])

    def wait_for(self, holds: Callable[[], object], within_s: float, what: str) -> None:
        deadline = time.monotonic() + within_s
        while not holds():
            if not self.running:
                raise GuestGone(f"the guest ended before {what}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise GuestGone(f"no {what} within {within_s:.0f} s:\n{self.tail()}")
            time.sleep(0.1)

    # What a hand in the guest does.

    def run(self, words: str, within_s: float = 60.0) -> Answer:
        """In a shell, as root."""
        answer = self._ask({"run": words, "within": within_s}, within_s + 60)
        return Answer(answer["code"], answer["out"])

    def says(self, words: str, within_s: float = 60.0) -> str:
        """What it prints; a failure is an error."""
        answer = self.run(words, within_s)
        if answer.code:
            raise GuestGone(f"{words!r} failed ({answer.code}): {answer.out}")
        return answer.out.strip()

    def press(self, keys: str, hold_s: float = 0.0) -> None:
        self._with_hands({"press": keys, "hold": hold_s})

    def lift(self) -> None:
        self._with_hands({"hook": "off"})

    def lower(self) -> None:
        self._with_hands({"hook": "on"})

    def _with_hands(self, order: dict[str, Any]) -> None:
        if not self._pinned:
            keypad, hook = self.pins.keypad, self.pins.hook
            table = {
                "hook": hook.pin, "rows": keypad.rows, "columns": keypad.columns, "layout": keypad.layout
            }  # fmt: skip
            self._ask({"pins": table}, 60)
            self._pinned = True
        self._ask(order, 600)

    def wait_for_agent(self, within_s: float = BOOT_S) -> float:
        """Seconds since power on after which the guest's init could run it, by the guest's clock."""
        self._connect(time.monotonic() + within_s)
        assert self._answers is not None
        hello = self._answers.next(within_s, lambda: self.running)
        if hello is None:
            raise GuestGone(f"no agent within {within_s:.0f} s:\n{self.tail()}")
        return float(hello["ready"])

    def _ask(self, order: dict[str, Any], within_s: float) -> dict[str, Any]:
        if self._link is None:
            self.wait_for_agent()
        assert self._link is not None
        assert self._answers is not None
        self._link.sendall(json.dumps(order).encode() + b"\n")
        answer = self._answers.next(within_s, lambda: self.running)
        if answer is None:
            raise GuestGone(f"no answer to {order} within {within_s:.0f} s:\n{self.tail()}")
        if "error" in answer:
            raise GuestGone(f"{order}: {answer['error']}")
        return answer

    def _connect(self, deadline: float) -> None:
        while self._link is None:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(str(self._agent_socket))
            except OSError:
                link.close()
                if time.monotonic() > deadline or not self.running:
                    raise GuestGone(f"QEMU does not start:\n{self._qemu_log()}") from None
                time.sleep(0.05)
            else:
                self._link = link
                self._answers = _Lines(link)

    def _qemu_log(self) -> str:
        return (self.folder / "qemu.log").read_text(errors="replace")[-2000:]

    def _forget_link(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = self._answers = None

    @property
    def _agent_socket(self) -> Path:
        return self.folder / "agent.sock"

    @property
    def glass_socket(self) -> Path:
        return self.folder / "glass.sock"

    def _command(self, found: Loaded) -> list[str]:
        kernel, initrd = self.folder / "kernel", self.folder / "initrd"
        kernel.write_bytes(found.kernel)
        initrd.write_bytes(found.initrd or b"")
        words = f"{found.cmdline} console=ttyAMA0 systemd.journald.forward_to_console=0 {self.words}"
        if self.agent:
            words += f" systemd.wants={_UNIT}"
        command = [
            "qemu-system-aarch64", *self.machine, *self._devices(),
            "-kernel", str(kernel), "-append", words.strip(), "-no-reboot", *self.more,
        ]  # fmt: skip
        return command + (["-initrd", str(initrd)] if found.initrd else [])

    def _devices(self) -> list[str]:
        (self.folder / "agent.unit").write_text(AGENT_UNIT)
        return [
            "-display", "none", "-monitor", "none", "-serial", f"file:{self.folder / 'console.log'}",
            "-dtb", str(self._tree()),
            "-drive", f"if=none,id=card,format=raw,file={self.card.path}",
            "-device", "virtio-blk-pci,drive=card",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "qemu-xhci",
            "-chardev", f"socket,id=glass,path={self.glass_socket}", "-device", "usb-redir,chardev=glass",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={self._agent_socket},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=kall.agent",
            "-virtfs", f"local,path={self.share},mount_tag=tests,security_model=none",
            "-device", "virtio-rng-pci,max-bytes=65536,period=1000",
            *(["-fw_cfg", f"name={_CREDENTIAL},file={self.folder / 'agent.unit'}"] if self.agent else []),
        ]  # fmt: skip

    def _tree(self) -> Path:
        dumped, tree = self.folder / "virt.dtb", self.folder / "machine.dtb"
        if not tree.exists():
            command = ["qemu-system-aarch64", *self.machine, "-display", "none", "-nic", "none"]
            command[command.index("virt")] = f"virt,dumpdtb={dumped}"
            subprocess.run(command, check=True, capture_output=True)
            machine_tree(dumped, tree)
        return tree


class _Lines:
    """What the agent says, read by a thread so that nothing it says is waited for in vain."""

    def __init__(self, link: socket.socket) -> None:
        self._heard = threading.Condition()
        self._lines: list[dict[str, Any]] = []
        self._ended = False
        self._file = link.makefile("rb")
        threading.Thread(target=self._run, name="agent", daemon=True).start()

    def next(self, within_s: float, alive: Callable[[], bool]) -> dict[str, Any] | None:
        deadline = time.monotonic() + within_s
        with self._heard:
            while not self._lines and not self._ended and alive() and time.monotonic() < deadline:
                self._heard.wait(1.0)
            return self._lines.pop(0) if self._lines else None

    def _run(self) -> None:
        with suppress(OSError, ValueError):
            for line in self._file:
                with self._heard:
                    self._lines.append(json.loads(line))
                    self._heard.notify_all()
        with self._heard:
            self._ended = True
            self._heard.notify_all()


def has_qemu() -> bool:
    return any(os.access(f"{folder}/qemu-system-aarch64", os.X_OK) for folder in os.get_exec_path())
