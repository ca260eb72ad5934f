from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kallnet.account import Account, Address
from kallnet.deployment import Deployment
from kallnet.entries import ClientEntry
from kallnet.ledger import Channel
from kallnet.messages import TransferWithAuthorization
from kallnet.query import query
from kallnet.typed import coin_domain
from kallprovider.chain import Receipt
from kallprovider.chain_rpc import Block
from kallprovider.config import Claims, Endpoint, LedgerSettings, ProviderConfig, Terms, Tls, Turn
from kallprovider.errors import ChainAway, NotAccepted, ProviderError
from tests.coin import FakeCoin, Refused
from tests.kallnet.fakes import ChainInMemory, FakeEndpoint, ledger_over

PROVIDER = Account(bytes([9]) * 32)
ALICE = Account(bytes([1]) * 32)
BOB = Account(bytes([2]) * 32)
DEPLOYMENT = Deployment(
    chain_id=31337,
    coin=Address(b"\xc0" * 20),
    registry=Address(b"\xc1" * 20),
    escrow=Address(b"\xc2" * 20),
    rating=Address(b"\xc3" * 20),
    spec=Address(b"\xc4" * 20),
    krypton=Address(b"\xc5" * 20),
    block=1,
)
EMPTY = Channel(deposited=0, claimed=0, exit_at=0, epoch=0)
PRICE = 10


def funded(deposited: int = 1_000, claimed: int = 0, exit_at: int = 0, epoch: int = 0) -> Channel:
    return Channel(deposited, claimed, exit_at, epoch)


def config(directory: Path, inviter_share: int = 100, free_relays: int = 5) -> ProviderConfig:
    return ProviderConfig(
        name="Test",
        domain="phone.test",
        state=directory / "state",
        key=directory / "key",
        sip=Endpoint("127.0.0.1", 5061),
        turn=Turn("127.0.0.1", 3478, 50_000, 50_100, allow_loopback=True),
        http=Endpoint("127.0.0.1", 8443),
        tls=Tls(directory / "crt", directory / "tls-key"),
        evapi_port=8228,
        terms=Terms(PRICE, inviter_share, 1, 2, 600, free_relays),
        ledger=LedgerSettings(("http://127.0.0.1:1",), directory / "deployment.json", 0),
        claims=Claims(100, 60),
    )


@dataclass(order=True)
class FakeTimer:
    when: float
    serial: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """Stands still until `advance`, which runs the timers that fall due, each at its own time."""

    def __init__(self, monotonic: float = 500.0, unix: float = 1_800_000_000.0) -> None:
        self._now = monotonic
        self._offset = unix - monotonic
        self._timers: list[FakeTimer] = []
        self._serials = itertools.count()

    def unix(self) -> float:
        return self._now + self._offset

    def monotonic(self) -> float:
        return self._now

    def call_at(self, when: float, action: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(when, next(self._serials), action)
        heapq.heappush(self._timers, timer)
        return timer

    def advance(self, seconds: float) -> None:
        end = self._now + seconds
        while self._timers and self._timers[0].when <= end:
            timer = heapq.heappop(self._timers)
            self._now = max(self._now, timer.when)
            if not timer.cancelled:
                timer.action()
        self._now = end


class FakeChain:
    """Channels by block. A test mines; a reorganisation gives blocks other hashes."""

    def __init__(self) -> None:
        self.is_up = True
        self.blocks: list[bytes] = [b"genesis".rjust(32)]
        self.channels: dict[Address, list[tuple[int, Channel]]] = {}
        self.entries: dict[Address, ClientEntry] = {}
        self.sent: list[tuple[Address, bytes]] = []
        self.refusal: ProviderError | None = None
        self.on_transact: Callable[[bytes], None] = lambda _: None
        self.listed = ChainInMemory()
        self.queries: list[tuple[str, Address]] = []
        self.balances_read = 0
        self.coin = FakeCoin(coin_domain(DEPLOYMENT))
        self.coin_blocks: dict[tuple[Address, bytes], int] = {}
        self.now = 1_800_000_000
        self._forks = itertools.count()

    def mine(self, client: Address | None = None, channel: Channel | None = None) -> int:
        number = len(self.blocks)
        self.blocks.append(f"{number} {next(self._forks)}".encode().rjust(32))
        if client is not None and channel is not None:
            self.channels.setdefault(client, []).append((number, channel))
        return number

    def reorganise(self, depth: int) -> None:
        """Takes back the last `depth` blocks and what they brought."""
        del self.blocks[-depth:]
        newest = len(self.blocks) - 1
        for client, changes in self.channels.items():
            self.channels[client] = [(block, c) for block, c in changes if block <= newest]

    def _require_up(self) -> None:
        if not self.is_up:
            raise ChainAway("the ledger can't be reached: try again")

    async def head(self) -> Block:
        self._require_up()
        return Block(len(self.blocks) - 1, self.blocks[-1], self.now)

    async def block_hash(self, number: int) -> bytes | None:
        self._require_up()
        return self.blocks[number] if number < len(self.blocks) else None

    async def channel(self, client: Address, block: int | None = None) -> Channel:
        self._require_up()
        at = len(self.blocks) - 1 if block is None else block
        states = [channel for number, channel in self.channels.get(client, []) if number <= at]
        return states[-1] if states else EMPTY

    async def touched(self, first: int, last: int) -> set[Address]:
        self._require_up()
        return {
            client
            for client, changes in self.channels.items()
            if any(first <= block <= last for block, _ in changes)
        }

    async def client_entry(self, account: Address) -> ClientEntry | None:
        self._require_up()
        return self.entries.get(account)

    async def query(self, kind: str, account: Address) -> str:
        """By the real rules, over what `listed` holds."""
        self.queries.append((kind, account))
        self._require_up()
        return query(ledger_over(FakeEndpoint(self.listed)), kind, account)
    async def coin_balance(self, account: Address) -> int:
        self._require_up()
        self.balances_read += 1
        return self.coin.balances.get(account, 0)

    async def payment_block(self, transfer: TransferWithAuthorization) -> int | None:
        self._require_up()
        block = self.coin_blocks.get((transfer.from_, transfer.nonce), 0)
        return block if self.coin.paid(transfer) else None

    def execute(self, data: bytes) -> None:
        """As `on_transact`, for transfers of the coin."""
        try:
            self.coin.execute(data, self.now)
        except Refused as refusal:
            raise NotAccepted(str(refusal)) from None
        message = self.coin.mined[-1]
        self.coin_blocks[message.from_, message.nonce] = len(self.blocks)

    def take_back(self, message: TransferWithAuthorization) -> None:
        """As a reorganisation does."""
        del self.coin.used[message.from_, message.nonce], self.coin_blocks[message.from_, message.nonce]
        self.coin.mined.remove(message)
        self.coin.move(message.to, message.from_, message.value)

    async def transact(self, contract: Address, data: bytes) -> Receipt:
        self._require_up()
        self.sent.append((contract, data))
        if self.refusal:
            raise self.refusal
        self.on_transact(data)
        return Receipt(len(self.sent).to_bytes(32, "big"), self.mine(), 57_000)


class FakeLink:
    def __init__(self) -> None:
        self.cuts: list[tuple[str, int, str]] = []

    def cut(self, call_id: str, code: int, reason: str) -> None:
        self.cuts.append((call_id, code, reason))
