from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

# What a phone may take to notice a hand: far beyond its bounce times, for machines under load.
HAND_TIMEOUT_S = 10.0
QUIT_TIMEOUT_S = 10.0

STDERR_LINES = 40
LONGEST_LINE = 1 << 20
_GROUPED_NUMBER = re.compile(r"^(\d{3}) (\d{3}) (\d{4})\b")


class HeldPhoneError(Exception):
    """A held phone did not do in time what it was expected to, or is gone; says what it showed last."""


@dataclass(frozen=True)
class ScreenShown:
    """`t` is the phone's monotonic clock in seconds; `large` and `inverse` are indices into `lines`."""

    t: float
    lines: tuple[str, ...]
    large: frozenset[int] = frozenset()
    inverse: frozenset[int] = frozenset()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Frame:
    """What stands on the glass: `bits` in base64, row by row, eight pixels a byte, leftmost highest.

    `t` is the phone's clock when the last of it had come over the bus; `contrast` is what the controller was
    set to, 0 to 255.
    """

    t: float
    width: int
    height: int
    bits: str
    contrast: int


@dataclass(frozen=True)
class Reported:
    t: float
    name: str
    fields: dict[str, Any] = field(default_factory=dict)


class HeldPhone:
    """A phone in a process of its own, held by its panel; it ends when its holder does.

    `hands` are the keys and the hook's positions ("on", "off") as the phone noticed them, with its clock.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None, name: str) -> None:
        self.name = name
        self.screen = ScreenShown(0.0, ())
        self.tone: str | None = None
        self.in_call = False
        self.ringer = False
        self.cadence: list[list[float]] = []
        self.lamps = {"line": False, "message": False}
        self.lights = {"line": "off", "message": "off"}
        self.frame: Frame | None = None
        self.off_hook = False
        self.keys = ""
        self.exit_code: int | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.screens: list[ScreenShown] = []
        self.tones: list[tuple[float, str | None]] = []
        self.events: list[Reported] = []
        self.hands: list[tuple[float, str]] = []
        self.stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._argv = list(argv)
        self._env = env
        self._process: asyncio.subprocess.Process | None = None
        self._news = asyncio.Condition()
        self._readers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            env=None if self._env is None else dict(self._env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the holder; the phone sees the end of its stdin
        )
        self._readers = [asyncio.create_task(self._read_panel()), asyncio.create_task(self._read_stderr())]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def text(self) -> str:
        """The screen now, its rows separated by newlines."""
        return self.screen.text

    @property
    def number(self) -> str | None:
        """The ten digits of this phone, once it has told them or its title shows them."""
        for event in reversed(self.events):
            if event.name == "LineOpened":
                return str(event.fields["number"])
        found = _GROUPED_NUMBER.match(self.text)
        return "".join(found.groups()) if found else None

    def send(self, **order: Any) -> None:
        """One line to the panel; what comes of it arrives as its lines do."""
        process = self._running()
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(json.dumps(order).encode() + b"\n")

    async def press(self, keys: str) -> None:
        """Press keys one after the other; returns when the phone has seen them all."""
        expected = len(self.keys) + len(keys)
        self.send(press=keys)
        await self.wait_for(lambda phone: len(phone.keys) >= expected, HAND_TIMEOUT_S, f"the keys {keys}")

    async def lift(self) -> None:
        self.send(hook="off")
        await self.wait_for(lambda phone: phone.off_hook, HAND_TIMEOUT_S, "the handset lifted")

    async def lower(self) -> None:
        self.send(hook="on")
        await self.wait_for(lambda phone: not phone.off_hook, HAND_TIMEOUT_S, "the handset down")

    async def wait_for(
        self, predicate: Callable[[HeldPhone], bool], timeout: float, what: str
    ) -> None:
        """Wait until the predicate holds; HeldPhoneError when it does not within `timeout` seconds.

        What holds only for a moment may be missed: look for it in the histories.
        """
        try:
            async with asyncio.timeout(timeout), self._news:
                await self._news.wait_for(lambda: predicate(self) or self.exit_code is not None)
        except TimeoutError:
            raise HeldPhoneError(self._story(f"waited {timeout:g} s in vain for {what}")) from None
        if self.exit_code is not None and not predicate(self):
            raise HeldPhoneError(self._story(f"stopped (exit code {self.exit_code}) before {what}"))

    async def wait_for_event(
        self, name: str, timeout: float, *, since: int = 0, **fields: Any
    ) -> Reported:
        """The first event of that name, with those fields, from index `since` of `events` on."""

        def wanted(event: Reported) -> bool:
            return event.name == name and fields.items() <= event.fields.items()

        def seen(phone: HeldPhone) -> bool:
            return any(map(wanted, phone.events[since:]))

        await self.wait_for(seen, timeout, f"the event {name} {fields or ''}".rstrip())
        return next(event for event in self.events[since:] if wanted(event))

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self._signal("kill")

    def terminate(self) -> None:
        self._signal("terminate")

    async def wait(self) -> int:
        """The exit code, negative for a signal, once all that the phone said has been read."""
        async with self._news:
            await self._news.wait_for(lambda: self.exit_code is not None)
        await asyncio.gather(*self._readers)
        assert self.exit_code is not None
        return self.exit_code

    async def stop(self) -> int | None:
        """Let go of the phone and wait for its end; killed when that takes too long."""
        if self._process is None:
            return None
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(QUIT_TIMEOUT_S):
                return await self.wait()
        except TimeoutError:
            self.kill()
            return await self.wait()

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise HeldPhoneError(f"{self.name} is not started")
        return self._process

    def _signal(self, verb: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            getattr(self._running(), verb)()

    async def _read_panel(self) -> None:
        process = self._running()
        assert process.stdout is not None
        while line := await process.stdout.readline():
            async with self._news:
                self._take(line)
                self._tell()
        code = await process.wait()
        async with self._news:
            self.exit_code = code
            self._tell()

    async def _read_stderr(self) -> None:
        process = self._running()
        assert process.stderr is not None
        while line := await process.stderr.readline():
            self.stderr.append(line.decode(errors="replace").rstrip())

    def _tell(self) -> None:
        self._news.notify_all()
        self.on_change()

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            t = float(said.pop("t"))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.stderr.append(f"not of the panel: {line.decode(errors='replace').rstrip()}")
            return
        match said:
            case {"event": name}:
                self.events.append(Reported(t, name, {key: said[key] for key in said if key != "event"}))
            case {"screen": list(lines)}:
                marks = (frozenset(said.get(mark, ())) for mark in ("large", "inverse"))
                self.screen = ScreenShown(t, tuple(lines), *marks)
                self.screens.append(self.screen)
            case {"tone": tone, "call": call}:
                self.tone, self.in_call = tone, call
                self.tones.append((t, tone))
            case {"error": words}:
                self.stderr.append(f"panel: {words}")
            case _:
                self._take_part(said, t)

    def _take_part(self, said: dict[str, Any], t: float) -> None:
        match said:
            case {"ringer": ringer}:
                self.ringer, self.cadence = ringer, said.get("cadence", [])
            case {"lamps": lamps}:
                self.lamps = lamps
                self.lights = said.get("lights", {name: ("off", "on")[lit] for name, lit in lamps.items()})
            case {"frame": str(bits), "size": [int(width), int(height)]}:
                self.frame = Frame(t, width, height, bits, said.get("contrast", 255))
            case {"hook": hook}:
                self.off_hook = hook == "off"
                self.hands.append((t, hook))
            case {"key": key}:
                self.keys += key
                self.hands.append((t, key))

    def _story(self, what: str) -> str:
        shown = [" / ".join(filter(None, screen.lines)) for screen in self.screens[-4:]]
        state = (
            f"{'off' if self.off_hook else 'on'}-hook, tone {self.tone}, "
            f"{'in a call' if self.in_call else 'no call'}, ringer {'on' if self.ringer else 'off'}"
        )
        events = ", ".join(event.name for event in self.events[-8:])
        said = [f"  stderr: {line}" for line in list(self.stderr)[-8:]]
        rows = [f"{self.name} {what}", f"  {state}", f"  events: {events or 'none'}"]
        return "\n".join(rows + [f"  screen: {text}" for text in shown] + said)
