"""A provider that is paid by transfers, all of it but HTTP and Kamailio, over a coin in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kallnet.account import Account, Address
from kallnet.ledger import Channel
from kallnet.messages import TransferWithAuthorization
from kallnet.transfers import VALID_SECONDS, transfer_of
from kallnet.typed import coin_domain, digest
from kallprovider.balances import Balances
from kallprovider.books import Books
from kallprovider.collector import Collector
from kallprovider.meter import Call, Cut, Meter
from kallprovider.store import Store
from kallprovider.transfers import TransferDesk
from tests.provider.fakes import ALICE, BOB, DEPLOYMENT, PRICE, PROVIDER, FakeChain, FakeClock

COIN = coin_domain(DEPLOYMENT)
MAX_FLOAT = 2 * PRICE
CALL = "c"


class Cashier:
    def __init__(self, path: Path, coins: int = 1_000, confirmations: int = 0) -> None:
        self.path = path
        self.confirmations = confirmations
        self.clock = FakeClock()
        self.chain = FakeChain()
        self.chain.on_transact = self.chain.execute
        self.coin = self.chain.coin
        self.coin.balances[ALICE.address] = coins
        self.clients = {ALICE.address}
        self.hurried = 0
        self.open()

    def open(self) -> None:
        self.store = Store(self.path, PROVIDER.address)
        self.books = Books(self.store, Meter(MAX_FLOAT), self.clock)
        self.balances = Balances(self.chain, self.books, self.store, self.clock)
        self.collector = Collector(
            DEPLOYMENT.coin,
            self.chain,
            self.balances,
            self.books,
            self.store,
            self.confirmations,
            self.clock,
        )
        self.desk = TransferDesk(
            PROVIDER.address,
            COIN,
            PRICE,
            PRICE,
            self.books,
            self.store,
            self.balances,
            self.is_client,
            self._hurry,
            self.clock,
        )
        self.books.restore()

    def crash(self) -> None:
        self.store.close()
        self.open()

    async def is_client(self, account: Address) -> bool:
        return account in self.clients

    def _hurry(self) -> None:
        self.hurried += 1
        self.collector.hurry()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.chain.now = int(self.clock.unix())

    def signed(
        self, previous: int, cumulative: int, signer: Account = ALICE, valid: int = VALID_SECONDS
    ) -> tuple[TransferWithAuthorization, bytes]:
        until = int(self.clock.unix()) + valid
        message = transfer_of(signer.address, PROVIDER.address, previous, cumulative, until)
        return message, signer.sign(digest(COIN, message))

    def post(self, previous: int, cumulative: int) -> Channel:
        message, signature = self.signed(previous, cumulative)
        return asyncio.run(self.desk.accept(message, cumulative, signature))

    def pay(self, periods: int = 1) -> None:
        """One transfer for each period, on what is held."""
        for _ in range(periods):
            self.post(self.held, self.held + PRICE)

    def collect(self) -> None:
        asyncio.run(self.collector.step())

    @property
    def held(self) -> int:
        return self.store.transfers.promised(ALICE.address)

    @property
    def settled(self) -> int:
        return self.store.transfers.settled(ALICE.address)

    @property
    def earned(self) -> int:
        return self.coin.balances.get(PROVIDER.address, 0)

    @property
    def unpaid(self) -> int:
        return self.books.tab(ALICE.address).unpaid

    def call(self) -> None:
        """As admission lets it start."""
        asyncio.run(self.balances.current(ALICE.address))
        started = self.clock.monotonic()
        self.books.start(Call(CALL, ALICE.address, BOB.address, PRICE, 0, started))

    def tick(self) -> Cut | None:
        return self.books.tick(CALL)

    def written_off(self) -> int:
        return self.books.written_off_lately(ALICE.address)
