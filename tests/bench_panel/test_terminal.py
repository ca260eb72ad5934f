from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kallphone.bench.held import HeldPhone, ScreenShown
from kallphone.bench.terminal import ALTERNATE_SCREEN, NORMAL_SCREEN
from kallphone.bench.terminal_view import draw_terminal

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, str(Path(__file__).with_name("terminal_demo.py"))]
ENV = {**os.environ, "PYTHONPATH": str(ROOT / "firmware"), "TERM": "xterm"}
STYLE = re.compile(r"\x1b\[[0-9;]*m|\x1b\[K")
PATIENCE_S = 60


class Terminal:
    """A pseudo-terminal with the bench in it, read as a person reads: the picture that stands last."""

    def __init__(self, master: int, child: int) -> None:
        self.master = master
        self.child = child
        self.output = b""

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def picture(self) -> str:
        frames = self.output.decode(errors="replace").split("\x1b[H")
        whole = [frame.split("\x1b[J")[0] for frame in frames[1:] if "\x1b[J" in frame]
        return STYLE.sub("", whole[-1]).replace("\r", "") if whole else ""

    def shows(self, *words: str) -> str:
        self.read_until(lambda: all(word in self.picture for word in words), words)
        return self.picture

    def rest(self) -> str:
        """All that is left to read until the program ends."""
        while self._read():
            pass
        return self.output.decode(errors="replace")

    def ended(self) -> int:
        self.rest()
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])

    def read_until(self, holds: Callable[[], bool], what: object) -> None:
        while not holds():
            assert self._read(), f"ended before {what}:\n{self.output.decode(errors='replace')}"

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
        assert ready, f"nothing for {PATIENCE_S} s; last:\n{self.picture}"
        try:
            chunk = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += chunk
        return bool(chunk)


@contextmanager
def terminal(*happened: str, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    child, master = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        os.execvpe(DEMO[0], [*DEMO, *happened], ENV)
    try:
        yield Terminal(master, child)
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(master)


def settings(fd: int) -> Any:
    return termios.tcgetattr(fd)


def test_a_person_lifts_dials_and_hangs_up():
    with terminal("provider: ready") as bench:
        bench.shows("R e a d y", "234 567 8901", "765 432 1098", "provider: ready", "Anna ◀ in your hand")
        bench.type("h")
        bench.shows("↑ lifted · ♪ dial tone", "D i a l")
        bench.type("123")
        bench.shows("1 2 3", "↑ lifted · silence")
        bench.type(" ")
        resting = ("↓ handset down", "R e a d y")
        bench.read_until(lambda: all(bench.picture.count(words) == 2 for words in resting), "both at rest")


def test_tab_and_arrows_change_hands():
    with terminal() as bench:
        bench.shows("Anna ◀ in your hand", "765 432 1098")
        bench.type("\t")
        bench.shows("Ben ◀ in your hand")
        bench.type("*")
        bench.shows("RINGING!")
        bench.type("\x1b[D")
        bench.shows("Anna ◀ in your hand")


def test_d_dials_the_other_phone():
    with terminal() as bench:
        bench.shows("234 567 8901", "765 432 1098")
        bench.type("d")
        bench.shows("7 6 5 4 3 2 1 0 9 8")
        bench.type("d")
        bench.shows("Anna has no dial tone: hang up first")


def test_a_resized_window_is_drawn_anew():
    with terminal("ledger: block 1") as bench:
        assert "Anna" in bench.shows("Anna", "Ben", "block 1").splitlines()[0]
        bench.resize(60, 30)
        bench.shows("Anna", "Ben")
        bench.read_until(lambda: "Ben" in bench.picture.splitlines()[11], "Ben below Anna")
        bench.resize(30, 5)
        bench.shows("Make this window larger")


@pytest.mark.parametrize("ending", ["q", "\x03", "SIGTERM"])
def test_every_ending_gives_the_terminal_back(ending: str):
    with terminal() as bench:
        before = settings(bench.master)
        bench.shows("234 567 8901")
        assert settings(bench.master) != before
        if ending == "SIGTERM":
            os.kill(bench.child, signal.SIGTERM)
        else:
            bench.type(ending)
        bench.read_until(lambda: b"given back" in bench.output, "the end")
        assert settings(bench.master) == before
        assert bench.ended() == 0
        assert bench.output.count(ALTERNATE_SCREEN) == bench.output.count(NORMAL_SCREEN) == 1


def test_a_crash_gives_the_terminal_back_and_then_tells():
    with terminal("!") as bench:
        assert bench.ended() == 1
        assert b"TypeError" in bench.output.split(NORMAL_SCREEN)[1]


def test_without_a_terminal_it_says_what_to_do():
    pipe = subprocess.PIPE
    done = subprocess.run(DEMO, env=ENV, stdin=pipe, stdout=pipe, stderr=pipe, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "the bench needs a terminal; without one use --script\n"
    assert done.stdout == ""


def phone(name: str, **seen: Any) -> HeldPhone:
    async def make() -> HeldPhone:
        return HeldPhone([], None, name)

    made = asyncio.run(make())
    for field, value in seen.items():
        setattr(made, field, value)
    return made


def plain(lines: list[str]) -> list[str]:
    return [STYLE.sub("", line) for line in lines]


@pytest.mark.parametrize("size", [(38, 12), (40, 24), (77, 13), (78, 24), (80, 24), (200, 60), (10, 3)])
def test_no_line_is_wider_and_no_picture_higher_than_the_window(size: tuple[int, int]):
    shown = ScreenShown(1.0, tuple("a row much longer than the glass is wide" for _ in range(9)),
                        large=frozenset({1}), inverse=frozenset({0}))
    phones = [phone("Anna", screen=shown, ringer=True), phone("Ben", screen=shown, tone="RINGBACK")]
    lines = plain(draw_terminal(phones, 0, ["words without end " * 20] * 50, size))
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]


@pytest.mark.parametrize(("seen", "words"), [
    ({"tone": "BUSY", "off_hook": True}, "↑ lifted · ♪ busy tone"),
    ({"in_call": True, "off_hook": True}, "↑ lifted · talking"),
    ({"in_call": True, "off_hook": True, "tone": "LOW_CREDIT"}, "↑ lifted · talking, ♪ low credit"),
    ({"tone": "HOWLER", "off_hook": True}, "↑ lifted · ♪ howler!"),
    ({"ringer": True}, "RINGING!"),
    ({}, "↓ handset down · silence"),
    ({"exit_code": -9}, "switched off (exit code -9)"),
    ({"lamps": {"line": False, "message": True}}, "● message"),
])
def test_what_a_phone_does_stands_in_words(seen: dict[str, Any], words: str):
    assert words in "\n".join(plain(draw_terminal([phone("Anna", **seen)], 0, [], (80, 24))))
