from __future__ import annotations

import base64
import json
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from kallphone.hardware.errors import HardwareError
from kallphone.hardware.pins import Pins
from kallphone.hardware.simulated import SimulatedBoard
from kallphone.phone.events import Event, KeyPressed, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen, Size
from kallphone.phone.sound import Ring, Sound
from kallphone.ports import Post

# A holder that reads nothing any more must not keep the phone from stopping.
LAST_WORDS_S = 1.0

# Longer than any bounce, shorter than any hang-up.
FLASH_S = 0.2


ORDERS = (
    '{"press": "5"}, {"down": "5"}, {"up": "5"}, {"hook": "off"}, {"hook": "on"}, {"flash": true}, '
    '{"speak": "voice.wav"} or {"quit": true}'
)


class Panel:
    """A phone held by another process: JSON lines with hands in, and with all that can be seen and heard out.

    It is the Display, the Ringer and the Lamps of a phone without hardware. Hands move simulated pins only:
    what the phone learns of them comes from the real drivers. `on_quit` is called on {"quit": true}, and when
    the holder is gone. `talk` is called with a WAV that is to be said into the microphone.
    """

    def __init__(
        self,
        pins: Pins,
        post: Post,
        on_quit: Callable[[], None],
        *,
        stdin_fd: int = 0,
        stdout: BinaryIO,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._post = post
        self._clock = clock
        self._pause = pause
        self._frame: dict[str, Any] = {}
        self.talk: Callable[[Path], None] | None = None
        self.board = SimulatedBoard(pins, self._posted)
        self.board.display.on_frame = self._drawn
        self._writer = _LineWriter(stdout, on_quit)
        self._reader = _LineReader(stdin_fd, self._obey, on_quit)

    def start(self) -> None:
        self._writer.start()
        self.board.start()
        self._reader.start()

    def stop(self) -> None:
        self._reader.stop()
        self.board.stop()
        self._writer.stop()

    def show(self, screen: Screen) -> None:
        self.board.display.show(screen)
        rows = list(enumerate(screen.lines))
        self._say(
            screen=[f"{line.text} {line.right}".rstrip() for line in screen.lines],
            large=[row for row, line in rows if line.size is Size.LARGE],
            inverse=[row for row, line in rows if line.inverse],
        )

    def ring(self, ring: Ring | None) -> None:
        self.board.ringer.ring(ring)
        cadence = ring.cadence if ring else ()
        self._say(ringer=ring is not None, cadence=cadence, volume=ring.volume if ring else 0)

    def light(self, *, line: Light, message: Light) -> None:
        self.board.lamps.light(line=line, message=message)
        line_lit, message_lit = self.board.lamps_lit()
        self._say(
            lamps={"line": line_lit, "message": message_lit},
            lights={"line": line.name.lower(), "message": message.name.lower()},
        )

    def hear(self, sound: Sound) -> None:
        self._say(tone=sound.tone.name if sound.tone else None, call=bool(sound.calls))

    def report(self, name: str, /, **fields: Any) -> None:
        """Something that happened inside, for scripts; `fields` as JSON has them, bytes as hex."""
        self._say(**{**fields, "event": name})

    def _drawn(self) -> None:
        """What stands on the glass, row by row, eight pixels a byte, the leftmost in the highest bit."""
        # The glass has it now; that it is read out pixel by pixel is the simulation's affair.
        t = self._now()
        oled = self.board.oled
        image = oled.image
        bits = base64.b64encode(image.tobytes()).decode()
        frame = {"frame": bits, "size": image.size, "contrast": oled.chip.contrast}
        if frame != self._frame:
            self._frame = frame
            self._say(**frame, t=t)

    def _posted(self, event: Event) -> None:
        t = self._now()
        self._post(event)
        match event:
            case OffHook():
                self._say(hook="off", t=t)
            case OnHook():
                self._say(hook="on", t=t)
            case KeyPressed(key=key):
                self._say(key=key, t=t)

    def _obey(self, line: bytes) -> bool:
        """Move what one line asks for; false when it asks to quit."""
        try:
            return self._move(json.loads(line))
        except (ValueError, HardwareError) as error:
            self._say(error=f"{error}")
            return True

    def _move(self, order: Any) -> bool:
        match order:
            case {"press": str(keys)}:
                for key in keys:
                    self.board.fingers.tap(key)
            case {"down": str(key)}:
                self.board.fingers.press(key)
            case {"up": str(key)}:
                self.board.fingers.release_once_seen(key)
            case {"hook": "off"}:
                self.board.hand.lift()
            case {"hook": "on"}:
                self.board.hand.lower()
            case {"flash": True}:
                self._flash()
            case {"speak": str(wav)} if self.talk is not None:
                self.talk(Path(wav))
            case {"quit": True}:
                return False
            case _:
                raise ValueError(f"say {ORDERS}")
        return True

    def _flash(self) -> None:
        self.board.hand.lower()
        self._pause(FLASH_S)
        self.board.hand.lift()

    def _say(self, **fields: Any) -> None:
        line = json.dumps({"t": self._now(), **fields}, default=_plain, ensure_ascii=False)
        self._writer.write(line.encode() + b"\n")

    def _now(self) -> float:
        return round(self._clock(), 6)


@cache
def claim_stdout() -> BinaryIO:
    """This process's stdout for its panels alone, however many follow each other: from now on other prints,
    C libraries' too, go to stderr.
    """
    sys.stdout.flush()
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return stdout


class _LineReader:
    def __init__(self, fd: int, obey: Callable[[bytes], bool], on_end: Callable[[], None]) -> None:
        self._fd = fd
        self._obey = obey
        self._on_end = on_end
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="panel-in", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        os.write(self._stop_write, b"s")
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._stop_read)
        os.close(self._stop_write)

    def _run(self) -> None:
        for line in self._lines():
            if not self._obey(line):
                break
        self._on_end()

    def _lines(self) -> Iterator[bytes]:
        # Not sys.stdin: a thread that waits inside its buffer's lock can't be stopped.
        left = b""
        while self._stop_read not in select.select([self._fd, self._stop_read], [], [])[0]:
            chunk = os.read(self._fd, 65536)
            if not chunk:
                return
            *lines, left = (left + chunk).split(b"\n")
            yield from lines


class _LineWriter:
    def __init__(self, stream: BinaryIO, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._on_end = on_end
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="panel-out", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._lines.put(None)
        if self._thread.is_alive():
            self._thread.join(LAST_WORDS_S)

    def write(self, line: bytes) -> None:
        self._lines.put(line)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line)
                self._stream.flush()
            except (OSError, ValueError):
                self._on_end()
                return


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
