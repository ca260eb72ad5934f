from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from kallnet.abi import decode, encode_call
from kallnet.account import Address, address_of, address_to_hex
from kallnet.deployment import Deployment
from kallnet.entries import ClientEntry, ServiceEntry, decode_client, decode_service
from kallnet.errors import AbiInvalid, EntryInvalid, LedgerInconsistent
from kallnet.keccak import keccak256
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import SALTS, KallNumber, number_for
from kallnet.rpc import JsonRpc

REGISTERED = keccak256(b"Registered(uint8,address,uint256,uint256,bytes)")
_ZERO = bytes(20)
_QUERY_ANSWER = ("(uint40,uint40,uint64,uint32)", "bytes32")


@dataclass(frozen=True, slots=True)
class Head:
    """All zero when the account never registered. `expiry` is Unix seconds, `block` that of the entry."""

    number: int
    expiry: int
    block: int
    nonce: int


@dataclass(frozen=True, slots=True)
class Record:
    head: Head
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Channel:
    """Totals of this epoch in base units; `exit_at` is Unix seconds, 0 while no exit is under way."""

    deposited: int
    claimed: int
    exit_at: int
    epoch: int


E_ = TypeVar("E_", ClientEntry, ServiceEntry)


class Ledger:
    """Reads the network's contracts. Every method raises LedgerUnreachable while the chain is away."""

    def __init__(self, rpc: JsonRpc, deployment: Deployment) -> None:
        self.deployment = deployment
        self._rpc = rpc
        rpc.require_chain(deployment.chain_id)

    def record(self, kind: int, account: Address) -> Record:
        head, entry_hash = self._view(
            self.deployment.registry, "query(uint8,address)", (kind, account), _QUERY_ANSWER
        )
        return Record(Head(*head), entry_hash)

    def head(self, kind: int, account: Address) -> Head:
        return self.record(kind, account).head

    def client_entry(self, account: Address) -> ClientEntry | None:
        """None when there is none or it has lapsed; EntryInvalid when what was published is unusable."""
        _, raw = self.live_entry(CLIENT, account)
        return None if raw is None else checked(raw, account, decode_client)

    def service_entry(self, account: Address) -> ServiceEntry | None:
        """None when there is none or it has lapsed; EntryInvalid when what was published is unusable."""
        _, raw = self.live_entry(SERVICE, account)
        return None if raw is None else checked(raw, account, decode_service)

    def live_entry(self, kind: int, account: Address) -> tuple[Head, bytes | None]:
        """The published bytes, proved against the registry's hash of them, unless they have lapsed."""
        record = self.record(kind, account)
        if record.head.expiry <= self.chain_time():
            return record.head, None
        return record.head, self._published(kind, account, record)

    def resolve(self, number: KallNumber) -> Address | None:
        """Whose number it is, after checking that the number follows from the account."""
        (found,) = self._view(self.deployment.registry, "resolve(uint256)", (number,), ("address",))
        if found == _ZERO:
            return None
        account = Address(found)
        if all(number_for(account, salt) != number for salt in range(SALTS)):
            raise LedgerInconsistent(f"{number} can't be the number of {address_to_hex(account)}")
        return account

    def channel(self, client: Address, provider: Address) -> Channel:
        (fields,) = self._view(
            self.deployment.escrow,
            "channel(address,address)",
            (client, provider),
            ("(uint88,uint88,uint40,uint40)",),
        )
        return Channel(*fields)

    def coin_balance(self, account: Address) -> int:
        return self._number(self.deployment.coin, "balanceOf(address)", account)

    def escrow_nonce(self, account: Address) -> int:
        """The next nonce for Deposit and StartExit."""
        return self._number(self.deployment.escrow, "nonces(address)", account)

    def permit_nonce(self, account: Address) -> int:
        return self._number(self.deployment.coin, "nonces(address)", account)

    def chain_time(self) -> int:
        """Unix seconds of the latest block."""
        block = self._rpc.call("eth_getBlockByNumber", ["latest", False])
        try:
            return int(block["timestamp"], 16)
        except (KeyError, TypeError, ValueError):
            raise LedgerInconsistent("the latest block has no timestamp") from None

    def _number(self, contract: Address, function: str, account: Address) -> int:
        (value,) = self._view(contract, function, (account,), ("uint256",))
        return int(value)

    def _view(
        self, contract: Address, function: str, arguments: tuple[Any, ...], answer: tuple[str, ...]
    ) -> tuple[Any, ...]:
        call = {"to": _hex(contract), "data": _hex(encode_call(function, *arguments))}
        data = _bytes(self._rpc.call("eth_call", [call, "latest"]))
        try:
            return decode(answer, data)
        except AbiInvalid as error:
            where = address_to_hex(contract)
            raise LedgerInconsistent(
                f"{where} is not the contract it should be: {function}: {error}"
            ) from None

    def _published(self, kind: int, account: Address, record: Record) -> bytes:
        block = hex(record.head.block)
        topics = [REGISTERED, bytes([kind]).rjust(32, b"\0"), account.rjust(32, b"\0")]
        wanted = {
            "address": _hex(self.deployment.registry),
            "topics": [_hex(topic) for topic in topics],
            "fromBlock": block,
            "toBlock": block,
        }
        logs = self._rpc.call("eth_getLogs", [wanted])
        for log in logs if isinstance(logs, list) else []:
            if (entry := _entry_of(log)) is not None and keccak256(entry) == record.entry_hash:
                return entry
        where = f"block {record.head.block} of this endpoint"
        raise LedgerInconsistent(
            f"{where} lacks the entry of {address_to_hex(account)}: try another endpoint"
        )


def checked(raw: bytes, account: Address, decode_entry: Callable[[bytes], E_]) -> E_:
    entry = decode_entry(raw)
    if address_of(entry.public_key) != account:
        raise EntryInvalid(f"its public key is not that of {address_to_hex(account)}")
    return entry


def _entry_of(log: Any) -> bytes | None:
    if not isinstance(log, dict):
        return None
    try:
        _, _, entry = decode(("uint256", "uint256", "bytes"), _bytes(log.get("data")))
    except (AbiInvalid, LedgerInconsistent):
        return None
    return bytes(entry)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: Any) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except (AttributeError, ValueError):
        raise LedgerInconsistent("an endpoint answered with something that is no hexadecimal data") from None
