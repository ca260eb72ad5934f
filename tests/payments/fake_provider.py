from __future__ import annotations

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kallnet.account import Account, Address, address_from_hex, address_to_hex, recover
from kallnet.entries import PROXY
from kallnet.messages import (
    Agreement,
    Deposit,
    Permit,
    Rating,
    Register,
    Session,
    StartExit,
    TransferWithAuthorization,
    Voucher,
    from_json,
)
from kallnet.transfers import EPOCH, transfer_nonce
from kallnet.typed import coin_domain, digest, escrow_domain, registry_domain
from tests.coin import Refused
from tests.payments.fake_ledger import NO_CHANNEL, FakeLedger, Reverted

PRICE = 1000
DOMAIN = "phone.example"
PASSWORD = "cGFzc3dvcmQtb2YtdGhlLXNlc3Npb24="
EXPIRES = 2_000_000_000
RECEIPT = {"tx": "0x" + "11" * 32, "block": 7, "gas_used": 100_000}


class Refusal(Exception):
    def __init__(self, status: int, words: str, **details: int) -> None:
        super().__init__(words)
        self.status = status
        self.body = {"error": words, **details}


@dataclass(frozen=True)
class Fault:
    """Of one request: `drop` cuts it before it is done, `lose` cuts its answer, `status` answers with one.

    `content` is then the whole answer.
    """

    kind: str
    status: int = 0
    content: bytes = b'{"error": "come back later"}'


class FakeProvider:
    """A provider's HTTP API on loopback, with real signatures over a ledger in memory."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.ledger = ledger
        self.account = Account.generate()
        self.terms_changes: dict[str, Any] = {}
        self.vouchers: dict[tuple[Address, int], int] = {}
        self.voucher_signatures: dict[tuple[Address, int], bytes] = {}
        self.rail = "escrow"
        self.transfers: list[tuple[TransferWithAuthorization, int, bytes]] = []
        self.mined = 0
        self.asked: list[str] = []
        self.signatures: list[str] = []
        self.faults: dict[str, deque[Fault]] = {}
        self.plan: list[Fault | None] = []
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.agreed: set[Address] = set()
        self.ratings: list[Rating] = []
        self.swallows_ratings = False
        self._challenges: dict[bytes, Address] = {}
        self._registry = registry_domain(ledger.deployment)
        self._escrow = escrow_domain(ledger.deployment)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self.open_gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, path: str, *faults: Fault) -> None:
        self.faults.setdefault(path, deque()).extend(faults)

    def next_fault(self, path: str) -> Fault | None:
        if self.plan:
            return self.plan.pop(0)
        waiting = self.faults.get(path)
        return waiting.popleft() if waiting else None

    def held(self, client: Address) -> int:
        return self.vouchers.get((client, self.channel(client).epoch), 0)

    def channel(self, client: Address) -> Any:
        return self.ledger.channels.get((client, self.account.address), NO_CHANNEL)

    def terms(self, _: dict[str, Any]) -> dict[str, Any]:
        deployment = self.ledger.deployment
        return {
            "provider": address_to_hex(self.account.address),
            "chain_id": deployment.chain_id,
            "registry": address_to_hex(deployment.registry),
            "escrow": address_to_hex(deployment.escrow),
            "coin": address_to_hex(deployment.coin),
            "domain": DOMAIN,
            "sip": "sip:127.0.0.1:5061;transport=tls",
            "turn": ["turn:127.0.0.1:3478"],
            "price": PRICE,
            "inviter_share": 75,
            "api_version": 1,
            "max_float": 2 * PRICE,
            "period": 15,
            "rail": self.rail,
            **self.terms_changes,
        }

    def challenge(self, body: dict[str, Any]) -> dict[str, Any]:
        challenge = len(self._challenges).to_bytes(32, "big")
        self._challenges[challenge] = address_from_hex(body["client"])
        return {"challenge": "0x" + challenge.hex(), "expires": EXPIRES}

    def session(self, body: dict[str, Any]) -> dict[str, Any]:
        client = self._authenticated(body)
        if client not in self.agreed:
            raise Refusal(403, "not a client of this provider: make an agreement first")
        return {
            "username": f"{EXPIRES}:{address_to_hex(client).lower()}",
            "password": PASSWORD,
            "expires": EXPIRES,
            "domain": DOMAIN,
            "sip": "sip:127.0.0.1:5061;transport=tls",
            "turn": ["turn:127.0.0.1:3478"],
            "channel": self._report(client),
        }

    def _report(self, client: Address) -> dict[str, int]:
        if self.rail == "transfers":
            return {"epoch": EPOCH, "deposited": 0, "claimed": self.settled, "voucher": self.promised}
        channel = self.channel(client)
        signature = self.voucher_signatures.get((client, channel.epoch), b"")
        return {
            "epoch": channel.epoch,
            "deposited": channel.deposited,
            "claimed": channel.claimed,
            "voucher": self.held(client),
            **({"signature": "0x" + signature.hex()} if signature else {}),
        }

    @property
    def promised(self) -> int:
        """Of the one client that tests of transfers have."""
        return max((cumulative for _, cumulative, _ in self.transfers), default=0)

    @property
    def settled(self) -> int:
        return max((cumulative for _, cumulative, _ in self.transfers[: self.mined]), default=0)

    @property
    def earned(self) -> int:
        return self.ledger.balances.get(self.account.address, 0)

    def mine(self) -> None:
        for message, _, signature in self.transfers[self.mined :]:
            self.ledger.transfer(message, signature)
            self.mined += 1

    def lose(self) -> None:
        """What is not mined falls back."""
        del self.transfers[self.mined :]

    def transfers_(self, body: dict[str, Any]) -> dict[str, Any]:
        message, cumulative = from_json(TransferWithAuthorization, body["message"]), body["cumulative"]
        signature = bytes.fromhex(body["signature"][2:])
        if recover(digest(coin_domain(self.ledger.deployment), message), signature) != message.from_:
            raise Refusal(401, "the transfer is not signed by its client")
        if message.nonce != transfer_nonce(message.from_, self.account.address, cumulative):
            raise Refusal(400, "the nonce is not that of the sum")
        if cumulative > self.promised:
            if cumulative - message.value != self.promised:
                raise Refusal(409, "it does not follow", cumulative=self.promised)
            if message.valid_before <= self.ledger.now:
                raise Refusal(400, "it has expired")
            self.transfers.append((message, cumulative, signature))
        return {"cumulative": self.promised, "settled": self.settled}

    def agreement(self, body: dict[str, Any]) -> dict[str, Any]:
        expiry = self.ledger.now + 365 * 86_400
        client = self._authenticated(body)
        self.agreed.add(client)
        message = Agreement(self.account.address, client, PROXY, expiry)
        signature = self.account.sign(digest(self._registry, message))
        return {"service_type": PROXY, "expiry": expiry, "agreement": "0x" + signature.hex()}

    def relay(self, body: dict[str, Any]) -> dict[str, Any]:
        signature = bytes.fromhex(body["signature"][2:])
        try:
            if body["call"] == "register":
                self.ledger.register(from_json(Register, body["message"]), signature)
            elif body["call"] == "rate":
                self._rate(from_json(Rating, body["message"]), signature)
            elif body["call"] == "transfer":
                self.ledger.transfer(from_json(TransferWithAuthorization, body["message"]), signature)
            elif body["call"] == "start_exit":
                self.ledger.start_exit(from_json(StartExit, body["message"]), signature)
            else:
                self._deposit(body, signature)
        except (Reverted, Refused) as error:
            raise Refusal(422, f"the contract refuses: {error}") from None
        return RECEIPT

    def exit(self, body: dict[str, Any]) -> dict[str, Any]:
        client = self._authenticated(body)
        try:
            self.ledger.exit(client, address_from_hex(body["provider"]))
        except Reverted as error:
            raise Refusal(422, f"the contract refuses: {error}") from None
        return RECEIPT

    def vouchers_(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.rail != "escrow":
            raise Refusal(409, "paid by transfers")
        signature = bytes.fromhex(body.pop("signature")[2:])
        voucher = from_json(Voucher, body)
        if recover(digest(self._escrow, voucher), signature) != voucher.client:
            raise Refusal(401, "the voucher is not signed by its client")
        channel = self.channel(voucher.client)
        if voucher.epoch != channel.epoch:
            raise Refusal(409, f"the channel is in epoch {channel.epoch}")
        if voucher.cumulative > channel.deposited:
            raise Refusal(402, "above the deposit: top up")
        held = self.held(voucher.client)
        if voucher.cumulative < held:
            raise Refusal(409, "lower than the voucher held", cumulative=held)
        self.vouchers[voucher.client, voucher.epoch] = voucher.cumulative
        self.voucher_signatures[voucher.client, voucher.epoch] = signature
        return {"cumulative": voucher.cumulative}

    def _authenticated(self, body: dict[str, Any]) -> Address:
        challenge = bytes.fromhex(body["challenge"][2:])
        client = address_from_hex(body["client"])
        if self._challenges.get(challenge) != client:
            raise Refusal(401, "unknown challenge: ask for a new one")
        self._challenges[challenge] = Address(b"")
        message = Session(client, self.account.address, challenge)
        if recover(digest(self._registry, message), bytes.fromhex(body["signature"][2:])) != client:
            raise Refusal(401, "the signature is not the client's")
        return client

    def _rate(self, message: Rating, signature: bytes) -> None:
        if message.client not in self.agreed:
            raise Refusal(403, "not a client of this provider: make an agreement first")
        self.ratings.append(message)
        if not self.swallows_ratings:
            self.ledger.rate(message, signature)

    def _deposit(self, body: dict[str, Any], signature: bytes) -> None:
        message = from_json(Deposit, body["message"])
        nonce = self.ledger.permit_nonces.get(message.client, 0)
        escrow = self.ledger.deployment.escrow
        permit = Permit(message.client, escrow, message.amount, nonce, message.deadline)
        self.ledger.deposit(message, signature, permit, bytes.fromhex(body["permit_signature"][2:]))


_SIGNATURES = ("signature", "permit_signature")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that a fault or the phone cut are part of the tests."""


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve({})

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self, body: dict[str, Any]) -> None:
            path = self.path.removeprefix("/v1/").removeprefix("/")
            provider.asked.append(path)
            provider.signatures += [body[name][2:] for name in _SIGNATURES if name in body]
            provider.open_gate.wait()
            fault = provider.next_fault(path)
            if fault is not None and fault.kind == "drop":
                self._cut()
                return
            status, answer = self._answer(path, body, fault)
            if fault is not None and fault.kind == "lose":
                self._cut()
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Location", "/v1/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _answer(self, path: str, body: dict[str, Any], fault: Fault | None) -> tuple[int, Any]:
            if fault is not None and fault.kind == "status":
                return fault.status, fault.content
            try:
                name = f"{path}_" if path in ("vouchers", "transfers") else path
                return 200, getattr(provider, name)(body)
            except Refusal as refusal:
                return refusal.status, refusal.body

        def _cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    return Handler
