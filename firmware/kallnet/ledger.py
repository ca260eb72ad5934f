from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kallnet import slots
from kallnet.abi import decode
from kallnet.account import Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.endpoint import Endpoint
from kallnet.entries import ClientEntry, ServiceEntry, client_of, service_of
from kallnet.errors import AbiInvalid, LedgerInconsistent
from kallnet.header import Header
from kallnet.headers import Finality
from kallnet.keccak import keccak256
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import SALTS, KallNumber, number_for
from kallnet.reputation import LatestRating
from kallnet.typed import registry_domain
from kallnet.world_state import WorldState

REGISTERED = keccak256(b"Registered(uint8,address,uint256,uint256,bytes)")
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Head:
    """All zero when the account never registered. `expiry` is Unix seconds, `block` that of the entry."""

    number: int
    expiry: int
    block: int
    nonce: int


@dataclass(frozen=True, slots=True)
class Record:
    """`proved_at` is the header that the record was proved against."""

    head: Head
    entry_hash: bytes
    proved_at: Header

    @property
    def is_live(self) -> bool:
        return self.head.expiry > self.proved_at.timestamp


@dataclass(frozen=True, slots=True)
class Channel:
    """Totals of this epoch in base units; `exit_at` is Unix seconds, 0 while no exit is under way."""

    deposited: int
    claimed: int
    exit_at: int
    epoch: int

    @classmethod
    def from_slot(cls, word: int) -> Channel:
        return cls(*slots.unpack(word, 88, 88, 40, 40))


BodySource = Callable[[int, Address], bytes | None]
"""Whoever may have an entry's bytes, by its kind and account: they are checked, so it need not be trusted."""


class Ledger:
    """Reads the network's contracts by proofs, so that nobody needs to be believed (see WorldState).

    Every method raises LedgerError: LedgerUnreachable while the chain is away, LedgerLied, LedgerDisputed or
    LedgerStale when the endpoints are not to be trusted.
    """

    def __init__(
        self, state: WorldState, deployment: Deployment, bodies: Sequence[BodySource] = ()
    ) -> None:
        """`bodies` are asked for an entry that no endpoint shows the event of."""
        self.deployment = deployment
        self.state = state
        self._domain = registry_domain(deployment)
        self._bodies = bodies

    def record(self, kind: int, account: Address, header: Header | None = None) -> Record:
        header = header or self.state.headers.newest()
        head, entry_hash = self.words(self.deployment.registry, slots.record(kind, account), header)
        return Record(Head(*slots.unpack(head, 40, 40, 64, 32)), entry_hash.to_bytes(32, "big"), header)

    def head(self, kind: int, account: Address) -> Head:
        return self.record(kind, account).head

    def client_entry(self, account: Address) -> ClientEntry | None:
        """None when there is none or it has lapsed; EntryInvalid when what was published is unusable.

        Providers whose agreement does not hold are left out.
        """
        record, raw = self.live_entry(CLIENT, account)
        return None if raw is None else client_of(raw, account, self._domain, record.proved_at.timestamp)

    def service_entry(self, account: Address) -> ServiceEntry | None:
        """None when there is none or it has lapsed; EntryInvalid when what was published is unusable."""
        _, raw = self.live_entry(SERVICE, account)
        return None if raw is None else service_of(raw, account)

    def live_entry(
        self, kind: int, account: Address, kept: bytes | None = None
    ) -> tuple[Record, bytes | None]:
        """The published bytes, which whoever has them may send, since their hash is proved.

        Nobody is asked for them when they are those that the caller has `kept`.
        """
        record = self.record(kind, account)
        if kept is not None and record.is_live and keccak256(kept) == record.entry_hash:
            return record, kept
        return record, self._published(kind, account, record) if record.is_live else None

    def holder(self, number: KallNumber) -> tuple[Address, Record] | None:
        """Whose number it is, with that account's client record; None when nobody has it."""
        header = self.state.headers.newest()
        (word,) = self.words(self.deployment.registry, [slots.holder(number)], header)
        if word == 0:
            return None
        account = address_in(word)
        if all(number_for(account, salt) != number for salt in range(SALTS)):
            raise LedgerInconsistent(f"{number} can't be the number of {address_to_hex(account)}")
        record = self.record(CLIENT, account, header)
        return (account, record) if record.is_live else None

    def resolve(self, number: KallNumber) -> Address | None:
        found = self.holder(number)
        return found[0] if found else None

    def channel(self, client: Address, provider: Address) -> Channel:
        return Channel.from_slot(self._word(self.deployment.escrow, slots.channel(client, provider)))

    def coin_balance(self, account: Address) -> int:
        return self._word(self.deployment.coin, slots.balance(account))

    def escrow_nonce(self, account: Address) -> int:
        """The next nonce for Deposit and StartExit."""
        return self._word(self.deployment.escrow, slots.escrow_nonce(account))

    def permit_nonce(self, account: Address) -> int:
        return self._word(self.deployment.coin, slots.coin_nonce(account))

    def latest_rating(self, service: Address, client: Address) -> LatestRating | None:
        word = self._word(self.deployment.rating, slots.latest_rating(service, client))
        return LatestRating.from_slot(word) if word else None

    def chain_time(self) -> int:
        """Unix seconds of the newest block."""
        return self.state.headers.newest().timestamp

    def words(self, contract: Address, wanted: Sequence[bytes], header: Header) -> list[int]:
        """Storage of one of the network's contracts after `header`'s block."""
        if header.number < self.deployment.block:
            raise LedgerInconsistent(
                f"block {header.number} is older than the contracts, which are from block"
                f" {self.deployment.block}: try again when more blocks are final"
            )
        return self.state.words(contract, wanted, header)

    def close(self) -> None:
        self.state.close()

    def _word(self, contract: Address, slot: bytes) -> int:
        return self.words(contract, [slot], self.state.headers.newest())[0]

    def _published(self, kind: int, account: Address, record: Record) -> bytes:
        block = hex(record.head.block)
        topics = [REGISTERED, bytes([kind]).rjust(32, b"\0"), account.rjust(32, b"\0")]
        wanted = {
            "address": "0x" + self.deployment.registry.hex(),
            "topics": ["0x" + topic.hex() for topic in topics],
            "fromBlock": block,
            "toBlock": block,
        }
        what = f"the entry of {address_to_hex(account)}"
        try:
            return self.state.event(what, wanted, lambda logs: _entry_in(logs, record.entry_hash))
        except LedgerInconsistent:
            for source in self._bodies:
                raw = source(kind, account)
                if raw is not None and keccak256(raw) == record.entry_hash:
                    return raw
            raise


def open_ledger(
    urls: Sequence[str],
    deployment: Deployment,
    *,
    agree: int | None = None,
    finality: Finality = "finalized",
    timeout: float = TIMEOUT,
    bodies: Sequence[BodySource] = (),
    clock: Callable[[], float] = time.time,
) -> Ledger:
    """Over JSON-RPC endpoints of which `agree` (more than half by default) must name the same block."""
    if len(set(urls)) < len(urls):
        raise ValueError("a ledger endpoint is listed twice: it would agree with itself")
    endpoints = [Endpoint(url, timeout) for url in urls]
    state = WorldState(endpoints, deployment.chain_id, agree=agree, finality=finality, clock=clock)
    return Ledger(state, deployment, bodies)


def address_in(word: int) -> Address:
    if word >> 160:
        raise LedgerInconsistent(f"a storage slot holds no address: {word:#x}")
    return Address(word.to_bytes(20, "big"))


def _entry_in(logs: list[Any], entry_hash: bytes) -> bytes | None:
    entries = (entry for log in logs if (entry := _entry_of(log)) is not None)
    return next((entry for entry in entries if keccak256(entry) == entry_hash), None)


def _entry_of(log: Any) -> bytes | None:
    if not isinstance(log, dict):
        return None
    try:
        data = bytes.fromhex(log["data"].removeprefix("0x"))
        _, _, entry = decode(("uint256", "uint256", "bytes"), data)
    except (KeyError, AttributeError, ValueError, AbiInvalid):
        return None
    return bytes(entry)
