from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kallphone.bench.controls import Control
from kallphone.bench.ear import Ear
from kallphone.bench.happenings import Happenings
from kallphone.bench.held import HeldPhone
from kallphone.bench.server import PAGE, TYPES, serve_page
from kallphone.bench.table import Place, Table

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).with_name("tiny_phone.py")
PATIENCE_S = 60


@dataclass
class Hand:
    name: str
    held: HeldPhone


def tiny(number: str, name: str) -> Hand:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "firmware")}
    return Hand(name, HeldPhone([sys.executable, str(TINY), number], env, name))


class Bench:
    """Two tiny phones on a table, the page served, and one visitor."""

    def __init__(self, table: Table, address: str, http: aiohttp.ClientSession) -> None:
        self.table = table
        self.address = address
        self.http = http
        self.faces: dict[int, dict[str, Any]] = {}
        self.controls: list[dict[str, Any]] = []
        self.words: list[str] = []
        self.sound = b""

    @property
    def anna(self) -> HeldPhone:
        return self.table.places[0].held

    @asynccontextmanager
    async def visit(self, **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.http.ws_connect(self.address + "socket", **options) as socket:
            yield socket

    async def until(self, socket: aiohttp.ClientWebSocketResponse, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not seen():
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.sound += message.data
                else:
                    self._take(json.loads(message.data))

    def _take(self, told: dict[str, Any]) -> None:
        if "phone" in told:
            self.faces[told["phone"]] = told
        self.controls = told.get("controls", self.controls)
        self.words += [one["words"] for one in told.get("happened", [])]


async def broken(choice: str) -> None:
    raise RuntimeError("the fuse is gone\nand more")


def on_a_bench(folder: Path, script: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        hands = [tiny("2345678901", "Anna"), tiny("7654321098", "Ben")]
        ear = Ear(folder / "ear.wav")
        ear.open()
        places = [Place(hands[0], ear), Place(hands[1])]
        table = Table(places, Happenings(), [Control("fuse", "Fuse", "of this house", ("In", "Out"), broken)])
        try:
            async with hands[0].held, hands[1].held:
                table.start()
                async with serve_page(table) as address, aiohttp.ClientSession() as http:
                    await script(Bench(table, address, http))
        finally:
            ear.close()

    asyncio.run(run())


def test_every_file_of_the_page_is_served_and_may_load_nothing_foreign(tmp_path: Path):
    async def script(bench: Bench) -> None:
        for file in PAGE.iterdir():
            async with bench.http.get(bench.address + file.name) as answer:
                assert answer.status == 200
                assert answer.content_type == TYPES[file.name.rsplit(".")[-1]]
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert await answer.read() == file.read_bytes()
        async with bench.http.get(bench.address) as answer:
            assert "<title>KallPhone bench</title>" in await answer.text()

    on_a_bench(tmp_path, script)


def test_nobody_gets_in_without_the_secret_or_under_a_foreign_name(tmp_path: Path):
    async def script(bench: Bench) -> None:
        root, secret = bench.address.rstrip("/").rsplit("/", 1)
        files = (f"/{secret}/..%2Fpanel.py", f"/{secret}/x.js")
        for path in ("/", "/socket", f"/{secret[:-1]}/", f"/{secret}x/", *files):
            async with bench.http.get(root + path) as answer:
                assert answer.status == 404, path
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Host": ""}):
            async with bench.http.get(bench.address, headers=headers) as answer:
                assert answer.status in (400, 404), headers
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with bench.visit(headers=headers):
                    pass

    on_a_bench(tmp_path, script)


def test_only_this_machine_is_served(tmp_path: Path):
    async def script(bench: Bench) -> None:
        assert bench.address.startswith("http://127.0.0.1:")

    on_a_bench(tmp_path, script)


def test_hands_on_the_page_move_the_phone_and_its_face_comes_back(tmp_path: Path):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            await bench.until(socket, lambda: bool(bench.faces.get(0, {}).get("frame")) and 1 in bench.faces)
            idle = bench.faces[0]["frame"]
            await socket.send_json({"phone": 0, "hook": "off"})
            await bench.until(socket, lambda: bench.faces[0]["tone"] == "DIAL")
            for order in ({"down": "4"}, {"up": "4"}, {"down": "2"}, {"up": "2"}):
                await socket.send_json({"phone": 0, **order})
            await bench.until(socket, lambda: bench.faces[0]["text"].endswith("42"))
            assert bench.faces[0]["hook"] == "off"
            assert bench.faces[0]["lights"] == {"line": "on", "message": "off"}
            await bench.until(socket, lambda: bench.faces[0]["frame"] != idle)
            assert bench.faces[1]["hook"] == "on"

    on_a_bench(tmp_path, script)


def test_a_page_that_is_gone_holds_no_key_down(tmp_path: Path):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            await socket.send_json({"phone": 0, "down": "7"})
            await bench.anna.wait_for(lambda phone: phone.keys == "7", PATIENCE_S, "the key")
        async with bench.visit() as socket:
            await socket.send_json({"phone": 0, "down": "7"})
            await bench.anna.wait_for(lambda phone: phone.keys == "77", PATIENCE_S, "the key once more")

    on_a_bench(tmp_path, script)


def test_a_page_hears_the_ears_it_listens_to(tmp_path: Path):
    async def script(bench: Bench) -> None:
        ear = bench.table.places[0].ear
        assert ear is not None
        async with bench.visit() as socket:
            await socket.send_json({"phone": 0, "listen": True})
            await socket.send_json({"phone": 1, "listen": True})  # it has no ear
            await socket.send_json({"phone": 0, "hook": "off"})
            await bench.until(socket, lambda: bench.faces.get(0, {}).get("hook") == "off")
            await asyncio.to_thread(ear.path.write_bytes, b"\1\2" * 500)
            await bench.until(socket, lambda: bool(bench.sound))
            assert bench.sound == b"\0\0" + b"\1\2" * 500

    on_a_bench(tmp_path, script)


def test_a_number_is_dialled_for_the_hand(tmp_path: Path):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            await bench.until(socket, lambda: bool(bench.faces.get(1, {}).get("number")))
            await socket.send_json({"phone": 0, "dial": 1})
            await bench.until(socket, lambda: bench.faces[0]["text"].endswith("7654321098"))
            await socket.send_json({"phone": 0, "dial": 1})
            await bench.until(socket, lambda: "Anna has no dial tone: hang up first" in bench.words)

    on_a_bench(tmp_path, script)


def test_a_control_that_fails_says_why(tmp_path: Path):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            await bench.until(socket, lambda: bool(bench.controls))
            assert bench.controls[0]["choices"] == ["In", "Out"]
            await socket.send_json({"control": "fuse", "choice": "Up"})
            await socket.send_json({"control": "fuse", "choice": "Out"})
            await bench.until(socket, lambda: "Fuse: the fuse is gone" in bench.words)
            assert bench.words.count("Fuse: the fuse is gone") == 1
            await bench.until(socket, lambda: not bench.controls[0]["busy"])

    on_a_bench(tmp_path, script)


@pytest.mark.parametrize("nonsense", [
    "", "{", "[]", "7", '{"phone": 9, "hook": "off"}', '{"phone": "x"}', '{"phone": 0, "up": "5"}',
    '{"control": "none", "choice": "x"}',
])  # fmt: skip
def test_nonsense_harms_nothing(tmp_path: Path, nonsense: str):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            await socket.send_str(nonsense)
            await socket.send_json({"phone": 0, "down": "5"})
            await bench.anna.wait_for(lambda phone: phone.keys == "5", PATIENCE_S, "the key")

    on_a_bench(tmp_path, script)


def test_a_phone_without_power_is_shown_so_and_obeys_nobody(tmp_path: Path):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            bench.anna.kill()
            await bench.until(socket, lambda: bench.faces.get(0, {}).get("off") is True)
            await socket.send_json({"phone": 0, "hook": "off"})
            await socket.send_json({"phone": 1, "down": "5"})
            await bench.until(socket, lambda: bench.faces[1]["text"].endswith("5"))

    on_a_bench(tmp_path, script)


def test_speaking_needs_a_sentence_and_somebody_who_hears(tmp_path: Path):
    async def script(bench: Bench) -> None:
        async with bench.visit() as socket:
            await socket.send_json({"phone": 0, "speak": True})
            await bench.until(socket, lambda: "No sentence to say: install espeak-ng" in bench.words)
            bench.table.places[0].sentences = (tmp_path / "hello.wav",)
            await socket.send_json({"phone": 0, "speak": True})
            await bench.until(socket, lambda: "Nobody hears Anna yet: make a call first" in bench.words)

    on_a_bench(tmp_path, script)
