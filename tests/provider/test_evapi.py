import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager

import pytest

from kallnet.account import address_from_hex
from kallprovider import evapi
from kallprovider.evapi import GO, AnsweredCall, Ask, Decision, KamailioLink
from kallprovider.netstrings import Decoder, NetstringError, encode

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20


def run(scenario: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 30))


def listing(*call_ids: str, state: int = 4) -> str:
    return "DIALOGS|" + json.dumps({"result": [{"call-id": c, "state": state} for c in call_ids], "id": 1})


class Handler:
    def __init__(self) -> None:
        self.heard: asyncio.Queue[object] = asyncio.Queue()
        self.decide: Callable[[Ask], Coroutine[None, None, Decision]] | None = None

    async def ask(self, ask: Ask) -> Decision:
        self.heard.put_nowait(ask)
        return await self.decide(ask) if self.decide else GO

    def started(self, call: AnsweredCall) -> None:
        self.heard.put_nowait(call)

    def ended(self, call_id: str, reason: str) -> None:
        self.heard.put_nowait((call_id, reason))

    def dialogs(self, call_ids: Sequence[str]) -> None:
        self.heard.put_nowait(list(call_ids))


class FakeKamailio:
    """Takes connections; the test reads and writes netstrings of the latest one."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []

    async def accept(self) -> None:
        self.reader, self.writer = await self.connections.get()
        self.decoder, self.texts = Decoder(), list[str]()
        self.writers.append(self.writer)

    def say(self, *texts: str) -> None:
        self.writer.write(b"".join(encode(text) for text in texts))

    async def hear(self, *, heartbeats: bool = False) -> str:
        while True:
            while not self.texts:
                self.texts += self.decoder.feed(await self.reader.read(4096))
            text = self.texts.pop(0)
            if heartbeats or text != "P":
                return text


@asynccontextmanager
async def linked(handler: Handler) -> AsyncIterator[tuple[FakeKamailio, KamailioLink]]:
    """Connected and admitted."""
    kamailio = FakeKamailio()
    server = await asyncio.start_server(lambda *pair: kamailio.connections.put_nowait(pair), "127.0.0.1", 0)
    link = KamailioLink("127.0.0.1", server.sockets[0].getsockname()[1], "token", handler)
    task = asyncio.create_task(link.run())
    try:
        await kamailio.accept()
        assert [await kamailio.hear(), await kamailio.hear()] == ["token", "LIST"]
        kamailio.say(listing())
        assert await handler.heard.get() == []
        yield kamailio, link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for writer in kamailio.writers:
            writer.close()
        server.close()
        await server.wait_closed()


def test_an_ask_is_answered_for_its_transaction() -> None:
    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, _):
            kamailio.say(f"ASK|12|34|call|{ALICE}|{BOB}")
            assert await kamailio.hear() == "GO|12|34"
            assert await handler.heard.get() == Ask("call", address_from_hex(ALICE), address_from_hex(BOB))

    run(scenario())


def test_a_refusal_carries_code_and_words_that_fit_a_field() -> None:
    async def refuse(ask: Ask) -> Decision:
        return Decision(402, 'Top up: "0.5" | kallCoin\r\nX: y')

    async def scenario() -> None:
        handler = Handler()
        handler.decide = refuse
        async with linked(handler) as (kamailio, _):
            kamailio.say(f"ASK|1|2|call|{ALICE}|{BOB}")
            assert await kamailio.hear() == "NO|1|2|402|Top up:  0.5    kallCoin  X: y"

    run(scenario())


def test_one_slow_question_holds_up_no_other() -> None:
    async def scenario() -> None:
        first_may_go = asyncio.Event()

        async def decide(ask: Ask) -> Decision:
            if ask.call_id == "first":
                await first_may_go.wait()
            return GO

        handler = Handler()
        handler.decide = decide
        async with linked(handler) as (kamailio, _):
            kamailio.say(f"ASK|1|1|first|{ALICE}|{BOB}", f"ASK|2|2|second|{ALICE}|{BOB}")
            assert await kamailio.hear() == "GO|2|2"
            first_may_go.set()
            assert await kamailio.hear() == "GO|1|1"

    run(scenario())


def test_a_failing_or_endless_decision_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(ask: Ask) -> Decision:
        raise RuntimeError("no database")

    async def hang(ask: Ask) -> Decision:
        await asyncio.Event().wait()
        return GO

    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, _):
            for decide in (fail, hang):
                handler.decide = decide
                kamailio.say(f"ASK|1|2|call|{ALICE}|{BOB}")
                assert await kamailio.hear() == "NO|1|2|503|Provider is not answering"

    monkeypatch.setattr(evapi, "ANSWER_SECONDS", 0.01)
    run(scenario())


def test_events_reach_the_handler_in_order_even_in_pieces() -> None:
    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, _):
            stream = b"".join(
                encode(text)
                for text in (f"START|call|1700000000|{ALICE}|{BOB}", "END|call|caller", listing("x"))
            )
            for byte in stream:
                kamailio.writer.write(bytes([byte]))
                await kamailio.writer.drain()
            alice, bob = address_from_hex(ALICE), address_from_hex(BOB)
            assert await handler.heard.get() == AnsweredCall("call", 1700000000, alice, bob)
            assert await handler.heard.get() == ("call", "caller")
            assert await handler.heard.get() == ["x"]

    run(scenario())


def test_only_answered_calls_are_listed() -> None:
    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, _):
            kamailio.say(listing("ringing", state=2), listing("ended", state=5), listing("answered", state=3))
            assert [await handler.heard.get() for _ in range(3)] == [[], [], ["answered"]]

    run(scenario())


def test_malformed_news_does_not_end_the_connection() -> None:
    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, _):
            kamailio.say("START|call|no number", "WHAT|ever", "DIALOGS|{", "END|call|callee")
            assert await handler.heard.get() == ("call", "callee")

    run(scenario())


def test_it_reconnects_lists_again_and_repeats_a_cut_that_was_not_confirmed() -> None:
    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, link):
            link.cut("gone", 402, "Credit ended")
            link.cut("open", 402, "Credit ended")
            assert await kamailio.hear() == "CUT|gone|402|Credit ended"
            assert await kamailio.hear() == "CUT|open|402|Credit ended"
            kamailio.say("END|gone|cut:402")
            assert await handler.heard.get() == ("gone", "cut:402")
            kamailio.writer.close()
            await kamailio.accept()
            assert not link.connected
            said = [await kamailio.hear() for _ in range(3)]
            assert said == ["token", "LIST", "CUT|open|402|Credit ended"]
            kamailio.say(listing())
            await link.wait_connected()

    run(scenario())


def test_gone_is_told_only_for_a_cut_that_waits() -> None:
    async def scenario() -> None:
        handler = Handler()
        async with linked(handler) as (kamailio, link):
            link.cut("call", 402, "Credit ended")
            kamailio.say("END|call|caller", "END|call|gone", "END|last|caller")
            assert await handler.heard.get() == ("call", "caller")
            assert await handler.heard.get() == ("last", "caller")

    run(scenario())


def test_the_heart_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with linked(Handler()) as (kamailio, _):
            assert [await kamailio.hear(heartbeats=True) for _ in range(3)] == ["P"] * 3

    monkeypatch.setattr(evapi, "HEARTBEAT_SECONDS", 0.01)
    run(scenario())


def test_a_token_that_is_not_accepted_is_no_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with linked(Handler()) as (kamailio, link):
            kamailio.writer.close()
            await kamailio.accept()
            await kamailio.accept()
            assert not link.connected

    monkeypatch.setattr(evapi, "ADMISSION_SECONDS", 0.01)
    run(scenario())
    assert "was Kamailio rendered with this one?" in caplog.text


def test_netstrings_survive_any_cut() -> None:
    texts = ["", "a", "é|x", "0:,", "x" * 5000]
    stream = b"".join(encode(text) for text in texts)
    for size in (1, 2, 7, len(stream)):
        decoder = Decoder()
        chunks = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert [text for chunk in chunks for text in decoder.feed(chunk)] == texts


@pytest.mark.parametrize(
    "stream",
    [
        b"01:a,",
        b":a,",
        b"x:a,",
        b"1 :a,",
        b"-1:a,",
        b"1:ab",
        b"1:\xff,",
        b"9999999:a",
        b"12345678",
        b"GET / HTTP",
    ],
)
def test_what_is_no_netstring_is_refused(stream: bytes) -> None:
    with pytest.raises(NetstringError):
        Decoder().feed(stream)
