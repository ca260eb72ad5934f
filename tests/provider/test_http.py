from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from kallnet import calldata
from kallnet.account import Account, address_to_hex
from kallnet.entries import ProviderRef, verify_agreement
from kallnet.messages import Deposit, Session, Voucher, to_json
from kallnet.transfers import EPOCH
from kallnet.typed import digest, escrow_domain, registry_domain
from kallprovider.agreements import Agreements
from kallprovider.books import Books
from kallprovider.channels import Channels
from kallprovider.errors import NotAccepted
from kallprovider.http import AGREEMENTS_PER_HOUR, CHALLENGES_PER_MINUTE, MAX_BODY, Api, Health
from kallprovider.mail_doors import MailDoors
from kallprovider.mailbox import Mailbox
from kallprovider.meter import Meter
from kallprovider.query import LedgerQueries
from kallprovider.relay import Relay
from kallprovider.sessions import Challenges, credentials
from kallprovider.store import Store
from kallprovider.transfers import TransferDesk
from kallprovider.vouchers import VoucherDesk
from tests.provider.cashier import Cashier
from tests.provider.fakes import (
    ALICE,
    BOB,
    DEPLOYMENT,
    PRICE,
    PROVIDER,
    FakeChain,
    FakeClock,
    config,
    funded,
)

REGISTRY, ESCROW = registry_domain(DEPLOYMENT), escrow_domain(DEPLOYMENT)
SECRET = "5ec2e7" * 8


class Door:
    """The API over HTTP on a free loopback port, with everything behind it but the chain."""

    def __init__(self, directory: Path, cashier: Cashier | None = None) -> None:
        directory.mkdir(exist_ok=True)
        self.config = config(directory)
        self.clock = FakeClock()
        self.chain = FakeChain()
        self.store = Store(directory / "provider.sqlite", PROVIDER.address)
        books = Books(self.store, Meter(20), self.clock)
        channels = Channels(self.chain, books, confirmations=0)
        agreements = Agreements(PROVIDER, REGISTRY, self.store, self.chain, self.clock)
        self.mailbox = Mailbox(
            self.store.mail, REGISTRY, agreements.is_client, self.chain.client_entry, self.clock
        )
        desk: VoucherDesk | TransferDesk
        desk = VoucherDesk(PROVIDER.address, ESCROW, books, channels, self.clock)
        if cashier:
            self.config = replace(self.config, terms=replace(self.config.terms, rail="transfers"))
            books, channels, desk = cashier.books, cashier.balances, cashier.desk
        self.api = Api(
            self.config,
            DEPLOYMENT,
            PROVIDER.address,
            SECRET,
            Challenges(PROVIDER.address, REGISTRY, self.clock),
            agreements,
            channels,
            books,
            desk,
            Relay(PROVIDER.address, DEPLOYMENT, agreements, channels, self.chain, 5, self.clock),
            LedgerQueries(self.chain, self.clock),
            MailDoors(self.mailbox, SECRET, self.clock),
            lambda: Health(kamailio=False, chain=self.chain.is_up, calls=3),
            self.clock,
        )
        self.http: TestClient[Any, Any]

    def run(self, scenario: Callable[[Door], Awaitable[None]]) -> None:
        async def within() -> None:
            async with TestClient(TestServer(self.api.application())) as self.http:
                await scenario(self)

        try:
            asyncio.run(within())
        finally:
            self.store.close()

    async def get(self, path: str) -> tuple[int, Any]:
        return await _read(await self.http.get(path))

    async def post(self, door: str, body: Any) -> tuple[int, Any]:
        return await _read(await self.http.post(f"/v1/{door}", json=body))

    async def signed(self, client: Account = ALICE, signer: Account | None = None) -> dict[str, str]:
        _, body = await self.post("challenge", {"client": address_to_hex(client.address)})
        message = Session(client.address, PROVIDER.address, bytes.fromhex(body["challenge"][2:]))
        signature = (signer or client).sign(digest(REGISTRY, message))
        return {
            "client": address_to_hex(client.address),
            "challenge": body["challenge"],
            "signature": "0x" + signature.hex(),
        }


async def _read(response: ClientResponse) -> tuple[int, Any]:
    return response.status, await response.json()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def voucher_body(cumulative: int, signer: Account = ALICE, epoch: int = 0) -> dict[str, Any]:
    voucher = Voucher(ALICE.address, PROVIDER.address, epoch, cumulative)
    return {**to_json(voucher), "signature": "0x" + signer.sign(digest(ESCROW, voucher)).hex()}


def test_terms_and_health(door: Door) -> None:
    async def scenario(door: Door) -> None:
        status, terms = await door.get("/v1/terms")
        assert status == 200
        assert terms == {
            "provider": address_to_hex(PROVIDER.address),
            "chain_id": 31337,
            "registry": address_to_hex(DEPLOYMENT.registry),
            "escrow": address_to_hex(DEPLOYMENT.escrow),
            "coin": address_to_hex(DEPLOYMENT.coin),
            "domain": "phone.test",
            "sip": "sip:127.0.0.1:5061;transport=tls",
            "turn": ["turn:127.0.0.1:3478"],
            "price": 10,
            "inviter_share": 100,
            "api_version": 1,
            "max_float": 20,
            "rail": "escrow",
            "period": 15,
        }
        assert await door.get("/v1/health") == (200, {"kamailio": False, "chain": True, "calls": 3})

    door.run(scenario)


def test_an_agreement_then_a_session(door: Door) -> None:
    async def scenario(door: Door) -> None:
        door.chain.mine(ALICE.address, funded(500, claimed=20))
        status, body = await door.post("session", await door.signed())
        assert (status, "agreement" in body["error"]) == (403, True)

        status, agreement = await door.post("agreement", await door.signed())
        assert status == 200
        ref = ProviderRef(
            PROVIDER.address,
            agreement["service_type"],
            agreement["expiry"],
            bytes.fromhex(agreement["agreement"][2:]),
        )
        verify_agreement(ref, ALICE.address, REGISTRY, int(door.clock.unix()))

        status, session = await door.post("session", await door.signed())
        assert status == 200
        expires = int(door.clock.unix()) + 600
        assert session["expires"] == expires
        given = credentials(SECRET, ALICE.address, expires)
        assert (session["username"], session["password"]) == (given.username, given.password)
        assert session["channel"] == {"epoch": 0, "deposited": 500, "claimed": 20, "voucher": 0}
        assert (session["domain"], session["turn"]) == ("phone.test", ["turn:127.0.0.1:3478"])

    door.run(scenario)


def test_another_signature_opens_nothing(door: Door) -> None:
    async def scenario(door: Door) -> None:
        status, _ = await door.post("agreement", await door.signed(signer=BOB))
        assert status == 401
        body = await door.signed()
        assert (await door.post("agreement", body))[0] == 200
        assert (await door.post("agreement", body))[0] == 401

    door.run(scenario)


def test_vouchers(door: Door) -> None:
    async def scenario(door: Door) -> None:
        door.chain.mine(ALICE.address, funded(100))
        assert await door.post("vouchers", voucher_body(20)) == (200, {"cumulative": 20})
        status, body = await door.post("vouchers", voucher_body(10))
        assert (status, body["cumulative"]) == (409, 20)
        status, body = await door.post("vouchers", voucher_body(101))
        assert (status, body["cumulative"], body["deposited"]) == (402, 20, 100)
        assert (await door.post("vouchers", voucher_body(30, signer=BOB)))[0] == 401

    door.run(scenario)


def test_a_relay(door: Door) -> None:
    async def scenario(door: Door) -> None:
        message = Deposit(ALICE.address, PROVIDER.address, 500, 0, 1_900_000_000)
        signature = "0x" + ALICE.sign(digest(ESCROW, message)).hex()
        body = {"call": "deposit", "message": to_json(message), "signature": signature}
        assert (await door.post("relay", body))[0] == 403
        await door.post("agreement", await door.signed())
        status, receipt = await door.post("relay", body)
        assert (status, receipt["gas_used"], receipt["block"]) == (200, 57_000, 1)
        door.chain.refusal = NotAccepted("it owns 0: top up")
        assert await door.post("relay", body) == (422, {"error": "it owns 0: top up"})
        door.chain.is_up = False
        assert (await door.post("relay", body))[0] == 503

    door.run(scenario)


def test_an_exit_is_for_the_client_that_answers_the_challenge(door: Door) -> None:
    async def scenario(door: Door) -> None:
        await door.post("agreement", await door.signed())
        body = {**await door.signed(signer=BOB), "provider": address_to_hex(BOB.address)}
        assert (await door.post("exit", body))[0] == 401
        assert (await door.post("exit", await door.signed()))[0] == 400
        assert door.chain.sent == []
        status, receipt = await door.post(
            "exit", {**await door.signed(), "provider": address_to_hex(BOB.address)}
        )
        assert (status, set(receipt)) == (200, {"tx", "block", "gas_used"})
        assert door.chain.sent == [(DEPLOYMENT.escrow, calldata.exit(ALICE.address, BOB.address))]
        door.chain.refusal = NotAccepted("too early")
        body = {**await door.signed(), "provider": address_to_hex(BOB.address)}
        assert await door.post("exit", body) == (422, {"error": "too early"})

    door.run(scenario)


def test_a_session_brings_the_client_its_own_last_voucher(door: Door) -> None:
    async def scenario(door: Door) -> None:
        door.chain.mine(ALICE.address, funded(500))
        await door.post("agreement", await door.signed())
        voucher = Voucher(ALICE.address, PROVIDER.address, 0, 40)
        signature = "0x" + ALICE.sign(digest(ESCROW, voucher)).hex()
        assert (await door.post("vouchers", {**to_json(voucher), "signature": signature}))[0] == 200
        _, session = await door.post("session", await door.signed())
        assert session["channel"]["voucher"] == 40
        assert session["channel"]["signature"] == signature

    door.run(scenario)


def test_payments_of_the_other_rail_are_shown_their_door(door: Door, tmp_path: Path) -> None:
    async def scenario(door: Door) -> None:
        status, body = await door.post("transfers", {})
        assert (status, "/v1/vouchers" in body["error"]) == (409, True)

    door.run(scenario)
    cashier = Cashier(tmp_path / "cashier.sqlite")
    bare = Door(tmp_path / "bare", cashier)
    cashier.clients.clear()

    async def by_transfers(door: Door) -> None:
        # A voucher of this epoch would be good on no chain.
        status, body = await door.post("vouchers", voucher_body(5, epoch=EPOCH))
        assert (status, "/v1/transfers" in body["error"]) == (409, True)
        assert (await door.get("/v1/terms"))[1]["rail"] == "transfers"
        message, signature = cashier.signed(0, PRICE)
        transfer = {
            "message": to_json(message),
            "cumulative": PRICE,
            "signature": "0x" + signature.hex(),
        }
        assert (await door.post("transfers", transfer))[0] == 403
        cashier.clients.add(ALICE.address)
        assert await door.post("transfers", transfer) == (200, {"cumulative": PRICE, "settled": 0})
        await cashier.collector.step()
        assert await door.post("transfers", transfer) == (200, {"cumulative": PRICE, "settled": PRICE})
        for bad in (-1, 2**63, "10", True, None):
            status, body = await door.post("transfers", {**transfer, "cumulative": bad})
            assert (status, "cumulative must be a whole number" in body["error"]) == (400, True)
        await door.post("agreement", await door.signed())
        _, session = await door.post("session", await door.signed())
        expected = {"epoch": EPOCH, "deposited": 1_000, "claimed": PRICE, "voucher": PRICE}
        assert session["channel"] == expected

    bare.run(by_transfers)
    cashier.store.close()


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("challenge", {}, 400, "client must be a string"),
        ("challenge", {"client": "0x12"}, 400, "40 hexadecimal digits"),
        ("challenge", ["client"], 400, "must be a JSON object"),
        ("relay", {"call": "mint"}, 400, "register, release, deposit, start_exit, transfer"),
        ("relay", {"call": "deposit", "message": {"amount": 1}}, 400, "client"),
        ("relay", {"call": "deposit", "message": 7}, 400, "fields of Deposit"),
        ("vouchers", {**voucher_body(5), "colour": "red"}, 400, "no field of Voucher"),
        ("vouchers", {**voucher_body(5), "cumulative": "5"}, 400, "whole number"),
        ("vouchers", {**voucher_body(5), "cumulative": -5}, 400, "whole number"),
        ("vouchers", {**voucher_body(5), "signature": "0x12"}, 400, "65 bytes"),
        ("nothing", {}, 404, "/v1/"),
        ("terms", {}, 405, "another method"),
    ],
)
def test_a_bad_request_says_what_is_bad(door: Door, path: str, body: Any, status: int, words: str) -> None:
    async def scenario(door: Door) -> None:
        answer = await door.post(path, body)
        assert answer[0] == status
        assert words in answer[1]["error"]

    door.run(scenario)


def test_bodies_are_bounded_and_must_be_json(door: Door) -> None:
    async def scenario(door: Door) -> None:
        status, body = await _read(await door.http.post("/v1/challenge", data=b" " * (MAX_BODY + 1)))
        assert (status, "too large" in body["error"]) == (413, True)
        for data in (b"{", b"\xff", b"[" * 10_000):
            status, body = await _read(await door.http.post("/v1/challenge", data=data))
            assert (status, body["error"]) == (400, "the body is not JSON")

    door.run(scenario)


def test_challenges_and_agreements_are_rationed(door: Door) -> None:
    async def scenario(door: Door) -> None:
        for _ in range(AGREEMENTS_PER_HOUR):
            assert (await door.post("agreement", await door.signed()))[0] == 200
        assert (await door.post("agreement", await door.signed()))[0] == 429
        client = {"client": address_to_hex(ALICE.address)}
        for _ in range(CHALLENGES_PER_MINUTE - AGREEMENTS_PER_HOUR - 1):
            assert (await door.post("challenge", client))[0] == 200
        assert (await door.post("challenge", client))[0] == 429
        door.clock.advance(60)
        assert (await door.post("challenge", client))[0] == 200

    door.run(scenario)


def test_a_fault_of_ours_shows_no_inside(door: Door) -> None:
    async def scenario(door: Door) -> None:
        door.store.close()
        status, body = await door.post("agreement", await door.signed())
        assert status == 500
        assert "closed" not in body["error"]

    door.run(scenario)
