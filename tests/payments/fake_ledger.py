from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from kallnet.account import Address, address_to_hex, recover
from kallnet.deployment import Deployment
from kallnet.entries import ClientEntry, ServiceEntry, decode_client
from kallnet.errors import LedgerUnreachable
from kallnet.ledger import Channel, Head
from kallnet.messages import Deposit, Permit, Rating, Register, StartExit, TransferWithAuthorization
from kallnet.number import KallNumber, number_for
from kallnet.reputation import EPOCH_LENGTH, LatestRating
from kallnet.typed import coin_domain, digest, escrow_domain, rating_domain, registry_domain
from tests.coin import FakeCoin

YEAR = 365 * 86_400
EXIT_DELAY = 86_400
NO_HEAD = Head(0, 0, 0, 0)
NO_CHANNEL = Channel(0, 0, 0, 0)

DEPLOYMENT = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(1, 7)), block=1)


class Reverted(Exception):
    pass


@dataclass
class FakeLedger:
    """The contracts' rules that payments meet, in memory.

    `away` makes every read fail; a cleared `gate` holds every read.
    """

    deployment: Deployment = DEPLOYMENT
    now: int = 1_800_000_000
    away: bool = False
    heads: dict[Address, Head] = field(default_factory=dict)
    entries: dict[Address, bytes] = field(default_factory=dict)
    services: dict[Address, ServiceEntry] = field(default_factory=dict)
    holders: dict[int, Address] = field(default_factory=dict)
    channels: dict[tuple[Address, Address], Channel] = field(default_factory=dict)
    balances: dict[Address, int] = field(default_factory=dict)
    escrow_nonces: dict[Address, int] = field(default_factory=dict)
    permit_nonces: dict[Address, int] = field(default_factory=dict)
    ratings: dict[tuple[Address, Address], LatestRating] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self.coin = FakeCoin(coin_domain(self.deployment), self.balances)

    def head(self, kind: int, account: Address) -> Head:
        self._read()
        return self.heads.get(account, NO_HEAD)

    def client_entry(self, account: Address) -> ClientEntry | None:
        self._read()
        return decode_client(self.entries[account]) if account in self.entries else None

    def service_entry(self, account: Address) -> ServiceEntry | None:
        self._read()
        return self.services.get(account)

    def resolve(self, number: KallNumber) -> Address | None:
        self._read()
        return self.holders.get(number)

    def channel(self, client: Address, provider: Address) -> Channel:
        self._read()
        return self.channels.get((client, provider), NO_CHANNEL)

    def coin_balance(self, account: Address) -> int:
        self._read()
        return self.balances.get(account, 0)

    def escrow_nonce(self, account: Address) -> int:
        self._read()
        return self.escrow_nonces.get(account, 0)

    def permit_nonce(self, account: Address) -> int:
        self._read()
        return self.permit_nonces.get(account, 0)

    def latest_rating(self, service: Address, client: Address) -> LatestRating | None:
        self._read()
        return self.ratings.get((service, client))

    def chain_time(self) -> int:
        self._read()
        return self.now

    def register(self, message: Register, signature: bytes) -> None:
        with self.lock:
            head = self.heads.get(message.account, NO_HEAD)
            self._check(message.nonce == head.nonce, f"InvalidAccountNonce({head.nonce})")
            self._check(message.deadline >= self.now, "MessageExpired")
            by = recover(digest(registry_domain(self.deployment), message), signature)
            self._check(by == message.account, "BadSignature")
            number = head.number or number_for(message.account, message.salt)
            holder = self.holders.setdefault(number, message.account)
            self._check(holder == message.account, f"the number {number} belongs to {address_to_hex(holder)}")
            self.heads[message.account] = Head(number, self.now + YEAR, 7, head.nonce + 1)
            self.entries[message.account] = message.entry

    def deposit(self, message: Deposit, signature: bytes, permit: Permit, permit_signature: bytes) -> None:
        client = message.client
        with self.lock:
            self._check(message.nonce == self.escrow_nonces.get(client, 0), "InvalidAccountNonce")
            self._check(message.deadline >= self.now, "MessageExpired")
            by = recover(digest(escrow_domain(self.deployment), message), signature)
            self._check(by == client, "BadSignature")
            by = recover(digest(coin_domain(self.deployment), permit), permit_signature)
            self._check(by == client, "ERC20InsufficientAllowance")
            self._check(self.balances.get(client, 0) >= message.amount, "ERC20InsufficientBalance")
            self.balances[client] -= message.amount
            self.escrow_nonces[client] = message.nonce + 1
            self.permit_nonces[client] = permit.nonce + 1
            channel = self.channels.get((client, message.provider), NO_CHANNEL)
            self.channels[client, message.provider] = replace(
                channel, deposited=channel.deposited + message.amount
            )

    def start_exit(self, message: StartExit, signature: bytes) -> None:
        key = (message.client, message.provider)
        with self.lock:
            channel = self.channels.get(key, NO_CHANNEL)
            self._check(message.nonce == self.escrow_nonces.get(message.client, 0), "InvalidAccountNonce")
            self._check(message.deadline >= self.now, "MessageExpired")
            by = recover(digest(escrow_domain(self.deployment), message), signature)
            self._check(by == message.client, "BadSignature")
            self._check(channel.deposited > 0, "NothingToExit")
            self._check(not channel.exit_at, "ExitAlreadyStarted")
            self.escrow_nonces[message.client] = message.nonce + 1
            self.channels[key] = replace(channel, exit_at=self.now + EXIT_DELAY)

    def exit(self, client: Address, provider: Address) -> None:
        with self.lock:
            channel = self.channels.get((client, provider), NO_CHANNEL)
            self._check(channel.exit_at > 0, "ExitNotStarted")
            self._check(channel.exit_at <= self.now, "ExitTooEarly")
            self.channels[client, provider] = Channel(0, 0, 0, channel.epoch + 1)
            self.balances[client] = self.balances.get(client, 0) + channel.deposited - channel.claimed

    def rate(self, message: Rating, signature: bytes) -> None:
        service, client = message.service, message.client
        with self.lock:
            latest = self.ratings.get((service, client))
            channel = self.channels.get((client, service), NO_CHANNEL)
            self._check(message.deadline >= self.now, "MessageExpired")
            by = recover(digest(rating_domain(self.deployment), message), signature)
            self._check(by == client, "BadSignature")
            self._check(message.epoch == self.now // EPOCH_LENGTH, "WrongEpoch")
            self._check(latest is None or latest.epoch != message.epoch, "AlreadyRated")
            self._check(channel.claimed > 0, "NothingClaimed")
            anew = latest is None or latest.channel_epoch != channel.epoch
            self._check(anew or channel.claimed > latest.claimed, "NothingClaimedSince")
            self.ratings[service, client] = LatestRating(
                message.epoch, message.loss, message.jitter, message.delay, message.mos, message.duration,
                channel.epoch, channel.claimed,
            )  # fmt: skip

    def transfer(self, message: TransferWithAuthorization, signature: bytes) -> None:
        with self.lock:
            self.coin.transfer(message, signature, self.now)

    def _read(self) -> None:
        self.gate.wait()
        if self.away:
            raise LedgerUnreachable({"http://127.0.0.1:1": "can't connect"})

    def _check(self, condition: bool, words: str) -> None:
        if not condition:
            raise Reverted(words)
