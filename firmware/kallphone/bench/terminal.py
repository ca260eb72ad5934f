from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from kallphone.bench.dialling import dial
from kallphone.bench.happenings import Happenings
from kallphone.bench.held import HeldPhone, HeldPhoneError
from kallphone.bench.terminal_view import draw_terminal

# Many lines of a phone come at once; they are one picture.
REDRAW_S = 0.03

KEYPAD = "0123456789*#"
ARROWS = ("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D")
ALTERNATE_SCREEN = b"\x1b[?1049h\x1b[?25l\x1b[?7l"
NORMAL_SCREEN = b"\x1b[?7h\x1b[?25h\x1b[?1049l"


async def run_terminal(phones: list[HeldPhone], happenings: Happenings) -> None:
    """Let a person hold the phones, until q, Ctrl-C or SIGTERM; the terminal is always given back as it was.

    Exits with status 2 where stdin or stdout is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("the bench needs a terminal; without one use --script", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    with _own_terminal(sys.stdin.fileno(), sys.stdout.fileno()):
        await _Hands(phones, happenings).run()


class _Hands:
    """A person's hands on the phones: one phone is held, the keys go to it."""

    def __init__(self, phones: list[HeldPhone], happenings: Happenings) -> None:
        self._phones = phones
        self._happenings = happenings
        self._held = 0
        self._lifted = [phone.off_hook for phone in phones]
        self._done = asyncio.Event()
        self._changed = asyncio.Event()
        self._dialling: asyncio.Task[None] | None = None
        for phone in phones:
            phone.on_change = partial(self._noticed, phone.on_change)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(work()) for work in (self._done.wait, self._draw)]
        unwatch = self._happenings.watch(self._changed.set)
        with _signals(loop, self._done.set, self._changed.set):
            loop.add_reader(sys.stdin.fileno(), self._read_keys)
            try:
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
            finally:
                unwatch()
                loop.remove_reader(sys.stdin.fileno())
                await _cancel([*tasks, *filter(None, [self._dialling])])

    def _noticed(self, also: Callable[[], None]) -> None:
        also()
        self._changed.set()

    async def _draw(self) -> None:
        while True:
            self._changed.clear()
            size = os.get_terminal_size(sys.stdout.fileno())
            happened = [happening.source + ": " + happening.words for happening in self._happenings.after(0)]
            lines = draw_terminal(self._phones, self._held, happened, (size.columns, size.lines))
            sys.stdout.write("\x1b[H" + "\r\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
            sys.stdout.flush()
            await self._changed.wait()
            await asyncio.sleep(REDRAW_S)

    def _read_keys(self) -> None:
        keys = os.read(sys.stdin.fileno(), 1024).decode(errors="replace")
        if not keys:
            self._done.set()
        if keys.startswith("\x1b"):
            keys = "\t" if keys in ARROWS else ""
        for key in keys:
            self._key(key.lower())
        self._changed.set()

    def _key(self, key: str) -> None:
        phone = self._phones[self._held]
        if key == "q":
            self._done.set()
        elif key == "\t":
            self._held = (self._held + 1) % len(self._phones)
        elif key in ("h", " "):
            self._lifted[self._held] = not self._lifted[self._held]
            phone.send(hook="off" if self._lifted[self._held] else "on")
        elif key in KEYPAD:
            phone.send(press=key)
        elif key == "d" and (self._dialling is None or self._dialling.done()):
            self._dialling = asyncio.create_task(self._dial(self._held))

    async def _dial(self, held: int) -> None:
        phone, other = self._phones[held], self._phones[(held + 1) % len(self._phones)]
        try:
            await dial(phone, other)
        except HeldPhoneError as error:
            self._happenings.tell("bench", str(error).splitlines()[0])
        self._lifted[held] = phone.off_hook


@contextlib.contextmanager
def _own_terminal(stdin: int, stdout: int) -> Iterator[None]:
    before = termios.tcgetattr(stdin)
    try:
        tty.setcbreak(stdin)
        raw = termios.tcgetattr(stdin)
        raw[6][termios.VSUSP] = b"\0"  # a suspended holder would leave its screen behind
        termios.tcsetattr(stdin, termios.TCSADRAIN, raw)
        os.write(stdout, ALTERNATE_SCREEN)
        yield
    finally:
        os.write(stdout, NORMAL_SCREEN)
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _signals(
    loop: asyncio.AbstractEventLoop, end: Callable[[], None], resized: Callable[[], None]
) -> Iterator[None]:
    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGHUP: end, signal.SIGWINCH: resized}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
