from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from kallphone.bench.table import Place, Table, settle

# Many lines of a phone come at once; they are one picture.
REDRAW_S = 0.02

LONGEST_TALK = 4_000_000
"""Bytes, about 40 seconds."""

SOUND_KEPT = 25
"""Chunks of sound that wait for a slow page, about a second; older ones are let go."""


class Visitor:
    """One open page: its hands move the phones, and all that changes is sent to it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=LONGEST_TALK)
        self._changed = asyncio.Event()
        self._sound: asyncio.Queue[bytes] = asyncio.Queue()
        self._deaf: dict[int, Callable[[], None]] = {}
        self._down: set[tuple[int, str]] = set()
        self._last: dict[str, str] = {}
        self._told = 0
        self._acts: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        await self._socket.prepare(request)
        unwatch = [watch(self._changed.set) for watch in (self._table.watch, self._table.happenings.watch)]
        self._changed.set()
        sending = {asyncio.create_task(self._send_changes()), asyncio.create_task(self._send_sound())}
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._take(message.data)
                elif message.type is WSMsgType.BINARY:
                    self._talk(message.data)
        finally:
            for end in (*unwatch, *self._deaf.values(), self._release_all):
                end()
            await settle(sending)
        return self._socket

    async def close(self) -> None:
        await self._socket.close(code=1001, message=b"the bench is closed")
        await settle(self._acts)

    def _talk(self, said: bytes) -> None:
        """A phone's address, as with the sound that goes the other way, and what a person said."""
        if len(said) > 2 and len(said) % 2 == 0 and said[0] < len(self._table.places):
            self._act(self._table.talk(self._table.places[said[0]], said[2:]))

    def _take(self, text: str) -> None:
        """What a hand did on the page. Nonsense, which no page of ours sends, is let go."""
        try:
            said = json.loads(text)
            self._obey(said)
        except (ValueError, TypeError, IndexError, KeyError, StopIteration):
            return

    def _obey(self, said: dict[str, Any]) -> None:
        if "control" in said:
            control = next(one for one in self._table.controls if one.name == said["control"])
            if said["choice"] in control.choices:
                self._act(self._table.choose(control, said["choice"]))
            return
        index = int(said["phone"])
        place = self._table.places[index]
        match said:
            case {"down": str(key)}:
                self._down.add((index, key))
                self._table.order(place, down=key)
            case {"up": str(key)} if (index, key) in self._down:
                self._down.discard((index, key))
                self._table.order(place, up=key)
            case {"hook": "off" | "on" as hook}:
                self._table.order(place, hook=hook)
            case {"flash": True}:
                self._table.order(place, flash=True)
            case {"speak": True}:
                self._table.speak(place)
            case {"dial": int(other)}:
                self._act(self._table.dial(place, self._table.places[other]))
            case {"listen": bool(listen)}:
                self._listen(index, place, listen)

    def _act(self, act: Any) -> None:
        task = asyncio.create_task(act)
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    def _listen(self, index: int, place: Place, listen: bool) -> None:
        if end := self._deaf.pop(index, None):
            end()
        if listen and place.ear is not None:
            # Two bytes of address keep the samples behind them aligned.
            address = bytes((index, 0))
            self._deaf[index] = place.ear.listen(lambda samples: self._hear(address + samples))

    def _hear(self, chunk: bytes) -> None:
        self._sound.put_nowait(chunk)
        while self._sound.qsize() > SOUND_KEPT:
            self._sound.get_nowait()

    def _release_all(self) -> None:
        """A page that is gone holds no key down."""
        for index, key in self._down:
            self._table.order(self._table.places[index], up=key)

    async def _send_sound(self) -> None:
        while True:
            await self._socket.send_bytes(await self._sound.get())

    async def _send_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for index, place in enumerate(self._table.places):
                await self._send_if_new(f"phone{index}", {"phone": index, **face(place)})
            await self._send_if_new("controls", {"controls": [_shown(one) for one in self._table.controls]})
            await self._send_news()
            await asyncio.sleep(REDRAW_S)

    async def _send_if_new(self, what: str, told: dict[str, Any]) -> None:
        text = json.dumps(told)
        if self._last.get(what) != text:
            self._last[what] = text
            await self._socket.send_str(text)

    async def _send_news(self) -> None:
        news = list(self._table.happenings.after(self._told))
        if news:
            self._told = news[-1].number
            await self._socket.send_str(json.dumps({"happened": [vars(one) for one in news]}))


def face(place: Place) -> dict[str, Any]:
    """All that a person near the phone sees."""
    held = place.held
    frame = held.frame
    return {
        "name": place.holder.name,
        "number": held.number,
        "off": held.exit_code is not None,
        "hook": "off" if held.off_hook else "on",
        "frame": vars(frame) if frame else None,
        "text": held.text,
        "lights": held.lights,
        "ringing": held.ringer,
        "cadence": held.cadence,
        "tone": held.tone,
        "talking": held.in_call,
        "ear": place.ear is not None,
    }


def _shown(control: Any) -> dict[str, Any]:
    told = ("name", "label", "about", "choices", "chosen", "phone", "busy")
    return {name: getattr(control, name) for name in told}
