from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from kallphone.bench.ear import Ear

MORE_THAN_A_PIPE_HOLDS = bytes(range(256)) * 1024


def with_ear(path: Path, script: Callable[[Ear], Awaitable[None]]) -> None:
    async def run() -> None:
        ear = Ear(path)
        ear.open()
        try:
            async with asyncio.timeout(30):
                await script(ear)
        finally:
            ear.close()

    asyncio.run(run())


def record(path: Path, samples: bytes) -> None:
    """As pjmedia does: a WAV header of 44 bytes, whose lengths it can't come back to, and samples."""
    with path.open("wb") as pipe:
        header = b"RIFF" + bytes(40)
        pipe.write(header + samples)


async def heard(ear: Ear, count: int, speak: Callable[[], None]) -> bytes:
    got, enough = bytearray(), asyncio.Event()

    def listen(samples: bytes) -> None:
        got.extend(samples)
        if len(got) >= count:
            enough.set()

    end = ear.listen(listen)
    speaking = asyncio.create_task(asyncio.to_thread(speak))
    await enough.wait()
    await speaking
    end()
    return bytes(got)


def test_what_a_phone_records_comes_without_its_header(tmp_path: Path):
    async def script(ear: Ear) -> None:
        said = MORE_THAN_A_PIPE_HOLDS
        assert await heard(ear, len(said), lambda: record(ear.path, said)) == said

    with_ear(tmp_path / "ear.wav", script)


def test_a_phone_that_restarts_is_heard_again(tmp_path: Path):
    async def script(ear: Ear) -> None:
        for said in (b"\1\0" * 100, b"\2\0" * 100):
            assert await heard(ear, len(said), lambda said=said: record(ear.path, said)) == said

    with_ear(tmp_path / "ear.wav", script)


def test_an_ear_that_nobody_listens_to_is_emptied(tmp_path: Path):
    async def script(ear: Ear) -> None:
        await asyncio.to_thread(record, ear.path, MORE_THAN_A_PIPE_HOLDS)

    with_ear(tmp_path / "ear.wav", script)


def test_only_the_owner_can_listen_and_nothing_is_left_behind(tmp_path: Path):
    path = tmp_path / "ear.wav"
    path.write_bytes(b"an old file")

    async def script(ear: Ear) -> None:
        assert path.is_fifo()
        assert path.stat().st_mode & 0o077 == 0

    with_ear(path, script)
    assert not path.exists()


