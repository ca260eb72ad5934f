from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kallnet.account import Account, address_to_hex
from kallnet.entries import ClientEntry
from kallnet.mail_names import MAX_SIZE, TEXT, message_id
from kallnet.messages import Mail, to_json
from kallnet.sealed import open_sealed, seal
from kallnet.typed import digest
from kallprovider import mailbox as rules
from kallprovider.held_mail import Held
from kallprovider.mail_doors import FETCHES_PER_MINUTE, MAX_BODY, POSTS_PER_HOUR
from kallprovider.sessions import credentials
from tests.provider.fakes import ALICE, BOB
from tests.provider.test_http import REGISTRY, SECRET, Door, _read

CAROL = Account(bytes([3]) * 32)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """Bob is a client here; Alice and Carol are listed."""
    return opened(tmp_path)


def opened(directory: Path) -> Door:
    door = Door(directory)
    door.store.put_agreement(BOB.address, 2_000_000_000)
    for account in (ALICE, CAROL):
        door.chain.entries[account.address] = ClientEntry(account.public_key, (1,))
    return door


def letter(text: str = "hello", sender: Account = ALICE, to: Account = BOB) -> bytes:
    return seal(sender, REGISTRY, to.public_key, TEXT, text.encode(), 1_800_000_000)


def body(
    door: Door, sealed: bytes, sender: Account = ALICE, signer: Account | None = None, **changes: Any
) -> dict[str, Any]:
    message = Mail(sender.address, BOB.address, message_id(sealed), int(door.clock.unix()))
    message = replace(message, **changes)
    signature = (signer or sender).sign(digest(REGISTRY, message))
    return {
        "message": to_json(message),
        "signature": "0x" + signature.hex(),
        "sealed": base64.b64encode(sealed).decode(),
    }


async def post(door: Door, sealed: bytes, sender: Account = ALICE, **changes: Any) -> tuple[int, Any]:
    return await door.post("mail", body(door, sealed, sender, **changes))


def token(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def shown(door: Door, client: Account = BOB) -> dict[str, str]:
    given = credentials(SECRET, client.address, int(door.clock.unix()) + 600)
    return token(given.username, given.password)


async def fetch(door: Door, client: Account = BOB, wait: int = 0) -> tuple[int, Any]:
    answer = await door.http.get("/v1/mail", params={"wait": str(wait)}, headers=shown(door, client))
    return await _read(answer)


async def texts(door: Door) -> list[str]:
    status, answer = await fetch(door)
    assert status == 200
    blobs = [base64.b64decode(one["sealed"]) for one in answer["mail"]]
    return [open_sealed(BOB, REGISTRY, blob).body.decode() for blob in blobs]


async def delete(door: Door, id_: str, client: Account = BOB) -> int:
    return (await door.http.delete(f"/v1/mail/{id_}", headers=shown(door, client))).status


async def waiting(door: Door, count: int = 1) -> None:
    async def until() -> None:
        while len(door.mailbox._waiters) != count:
            await asyncio.sleep(0)

    await asyncio.wait_for(until(), 10)


def test_mail_is_kept_until_its_recipient_deletes_it(door: Door) -> None:
    async def scenario(door: Door) -> None:
        sealed = letter()
        id_ = "0x" + message_id(sealed).hex()
        assert await post(door, sealed) == (200, {"id": id_})
        for _ in range(2):
            status, answer = await fetch(door)
            (one,) = answer["mail"]
            assert (status, one["id"], one["sender"]) == (200, id_, address_to_hex(ALICE.address))
            assert base64.b64decode(one["sealed"]) == sealed
        assert (await fetch(door, ALICE))[1] == {"mail": []}
        assert await delete(door, id_, ALICE) == 200
        assert await texts(door) == ["hello"]
        assert [await delete(door, id_) for _ in range(2)] == [200, 200]
        assert await texts(door) == []

    door.run(scenario)


def test_mail_outlives_a_restart(tmp_path: Path) -> None:
    async def before(door: Door) -> None:
        assert (await post(door, letter()))[0] == 200

    async def after(door: Door) -> None:
        assert await texts(door) == ["hello"]

    opened(tmp_path).run(before)
    opened(tmp_path).run(after)


def test_the_same_message_twice_is_one(door: Door) -> None:
    async def scenario(door: Door) -> None:
        sealed = letter()
        assert [(await post(door, sealed))[0] for _ in range(2)] == [200, 200]
        assert await texts(door) == ["hello"]

    door.run(scenario)


def test_who_waits_is_told_at_once(door: Door) -> None:
    async def scenario(door: Door) -> None:
        poll = asyncio.ensure_future(fetch(door, wait=25))
        await waiting(door)
        await post(door, letter())
        _, answer = await poll
        assert len(answer["mail"]) == 1
        assert door.mailbox._waiters == {}

    door.run(scenario)


def test_who_waits_in_vain_hears_so_in_time(door: Door) -> None:
    async def scenario(door: Door) -> None:
        poll = asyncio.ensure_future(fetch(door, wait=25))
        await waiting(door)
        door.clock.advance(24.9)
        assert len(door.mailbox._waiters) == 1
        door.clock.advance(0.2)
        assert await poll == (200, {"mail": []})

    door.run(scenario)


def test_one_request_waits_for_each_recipient(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_WAITERS", 1)

    async def scenario(door: Door) -> None:
        older = asyncio.ensure_future(fetch(door, wait=25))
        await waiting(door)
        newer = asyncio.ensure_future(fetch(door, wait=25))
        assert await older == (200, {"mail": []})
        await waiting(door)
        assert (await fetch(door, ALICE, wait=25))[0] == 429
        door.mailbox.close()
        assert await newer == (200, {"mail": []})
        assert await fetch(door, wait=25) == (200, {"mail": []})

    door.run(scenario)


def test_a_provider_that_stops_keeps_nobody_waiting(tmp_path: Path) -> None:
    door = opened(tmp_path)
    polls = []

    async def scenario(door: Door) -> None:
        polls.append(asyncio.ensure_future(fetch(door, wait=25)))
        await waiting(door)
        await door.http.server.runner.cleanup()  # type: ignore[union-attr]
        assert await polls[0] == (200, {"mail": []})

    door.run(scenario)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"signer": CAROL}, 401, "not signed by"),
        ({"time": 1_800_000_000 - rules.WINDOW - 1}, 401, "clock"),
        ({"time": 1_800_000_000 + rules.WINDOW + 1}, 401, "clock"),
        ({"id": bytes(32)}, 400, "hash"),
        ({"recipient": CAROL.address}, 403, "recipient is not a client"),
    ],
)
def test_a_bad_envelope_is_refused(door: Door, changes: Any, status: int, words: str) -> None:
    async def scenario(door: Door) -> None:
        answer = await post(door, letter(), **changes)
        assert answer[0] == status
        assert words in answer[1]["error"]
        assert await texts(door) == []

    door.run(scenario)


def test_an_envelope_without_its_signature_is_none(door: Door) -> None:
    async def scenario(door: Door) -> None:
        good = body(door, letter())
        wrong = [("signature", "0x1"), ("sealed", "%"), ("sealed", ""), ("sealed", 5), ("message", {})]
        for name, value in wrong:
            assert (await door.post("mail", {**good, name: value}))[0] == 400, value

    door.run(scenario)


def test_a_sender_without_an_entry_has_no_name(door: Door) -> None:
    async def scenario(door: Door) -> None:
        stranger = Account.generate()
        sealed = letter(sender=stranger)
        status, answer = await post(door, sealed, stranger)
        assert (status, "register first" in answer["error"]) == (403, True)
        door.chain.entries[stranger.address] = ClientEntry(stranger.public_key, (1,))
        assert (await post(door, sealed, stranger))[0] == 403
        door.clock.advance(rules.UNLISTED_SECONDS)
        assert (await post(door, sealed, stranger))[0] == 200

    door.run(scenario)


def test_without_the_ledger_known_senders_are_believed_and_others_wait(door: Door) -> None:
    async def scenario(door: Door) -> None:
        assert (await post(door, letter()))[0] == 200
        door.chain.is_up = False
        assert (await post(door, letter("again")))[0] == 200
        assert (await post(door, letter(sender=CAROL), CAROL))[0] == 503
        door.clock.advance(rules.LISTED_SECONDS)
        assert (await post(door, letter("later")))[0] == 503

    door.run(scenario)


def test_mail_ages(door: Door) -> None:
    async def scenario(door: Door) -> None:
        await post(door, letter())
        door.clock.advance(rules.AGE)
        assert await texts(door) == ["hello"]
        door.clock.advance(1)
        assert await texts(door) == []

    door.run(scenario)


def test_a_sender_s_hour_is_limited_and_receivers_have_their_own_limits(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_OF_ONE", Held(count=2, size=2048))
    monkeypatch.setattr(rules, "MOST", Held(count=3, size=1 << 20))

    async def scenario(door: Door) -> None:
        first = letter("1")
        assert [(await post(door, one))[0] for one in (first, letter("2"), letter("3"))] == [200, 200, 507]
        assert (await post(door, first))[0] == 200, "it is held already"
        assert (await post(door, letter("x" * 2000, CAROL), CAROL))[0] == 507
        assert (await post(door, letter("4", CAROL), CAROL))[0] == 200
        status, answer = await post(door, letter("5", CAROL), CAROL)
        assert (status, "mailbox is full" in answer["error"]) == (507, True)
        await delete(door, "0x" + message_id(first).hex())
        assert (await post(door, letter("6", CAROL), CAROL))[0] == 200
        assert await texts(door) == ["2", "4", "6"]

    door.run(scenario)


def test_messages_are_rationed_by_sender(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_OF_ONE", Held(count=1000, size=1 << 30))

    async def scenario(door: Door) -> None:
        for number in range(rules.MESSAGES_PER_HOUR):
            assert (await post(door, letter(str(number))))[0] == 200
        status, answer = await post(door, letter("more"))
        assert (status, "60 minutes" in answer["error"]) == (429, True)
        assert (await post(door, letter("", CAROL), CAROL))[0] == 200
        door.clock.advance(3600)
        assert (await post(door, letter("more")))[0] == 200

    door.run(scenario)


def test_requests_are_rationed(door: Door) -> None:
    async def scenario(door: Door) -> None:
        assert {(await fetch(door))[0] for _ in range(FETCHES_PER_MINUTE)} == {200}
        assert (await fetch(door))[0] == 429
        assert (await fetch(door, ALICE))[0] == 200
        assert {(await door.post("mail", {}))[0] for _ in range(POSTS_PER_HOUR)} == {400}
        assert (await door.post("mail", {}))[0] == 429

    door.run(scenario)


def test_bodies_and_answers_are_bounded(door: Door) -> None:
    async def scenario(door: Door) -> None:
        largest = [seal(ALICE, REGISTRY, BOB.public_key, TEXT, bytes(MAX_SIZE - 400), i) for i in range(2)]
        assert {len(sealed) for sealed in largest} == {MAX_SIZE}
        assert [(await post(door, sealed))[0] for sealed in largest] == [200, 200]
        status, answer = await post(door, bytes(MAX_SIZE + 1))
        assert (status, "512" in answer["error"] or "524288" in answer["error"]) == (400, True)
        answer = await door.http.post("/v1/mail", data=b" " * (MAX_BODY + 1))
        status, words = await _read(answer)
        assert (status, str(MAX_BODY) in words["error"]) == (413, True)
        _, fetched = await fetch(door)
        assert [base64.b64decode(one["sealed"]) for one in fetched["mail"]] == largest[:1]

    door.run(scenario)


@pytest.mark.parametrize("wait", ["", "-1", "31", "1.5", "٣", "030"])
def test_a_strange_wait_is_refused(door: Door, wait: str) -> None:
    async def scenario(door: Door) -> None:
        answer = await door.http.get("/v1/mail", params={"wait": wait}, headers=shown(door))
        assert answer.status == 400

    door.run(scenario)


def test_only_the_recipient_s_session_opens_the_mailbox(door: Door) -> None:
    async def scenario(door: Door) -> None:
        expires = int(door.clock.unix()) + 600
        bob, alice = (credentials(SECRET, who.address, expires) for who in (BOB, ALICE))
        good = shown(door)
        bad = [
            token(bob.username, alice.password),
            token(alice.username, bob.password),
            token("0" + bob.username, bob.password),
            token(bob.username + "x", bob.password),
            token("", ""),
            {"Authorization": good["Authorization"].replace("Bearer", "Basic")},
            {"Authorization": "Bearer %"},
            {"Authorization": "Bearer /w=="},
            {},
        ]
        for headers in bad:
            assert (await door.http.get("/v1/mail", headers=headers)).status == 401, headers
            assert (await door.http.delete("/v1/mail/0x" + "00" * 32, headers=headers)).status == 401
        assert (await door.http.get("/v1/mail", headers=good)).status == 200
        door.clock.advance(600)
        assert (await door.http.get("/v1/mail", headers=good)).status == 401
        assert await delete(door, "0x12") == 400

    door.run(scenario)
