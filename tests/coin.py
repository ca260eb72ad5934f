"""The rules of the coin that payments by transfer meet, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from kallnet.abi import decode, selector
from kallnet.account import Address, recover
from kallnet.messages import TransferWithAuthorization
from kallnet.typed import Domain, digest

_TYPES = ("address", "address", "uint256", "uint256", "uint256", "bytes32", "uint8", "bytes32", "bytes32")
_TRANSFER = selector(f"transferWithAuthorization({','.join(_TYPES)})")


class Refused(Exception):
    pass


@dataclass
class FakeCoin:
    """`used` has what each nonce was used for: the transfer's receiver and value, None where cancelled."""

    domain: Domain
    balances: dict[Address, int] = field(default_factory=dict)
    used: dict[tuple[Address, bytes], tuple[Address, int] | None] = field(default_factory=dict)
    mined: list[TransferWithAuthorization] = field(default_factory=list)

    def execute(self, data: bytes, now: float) -> None:
        assert data[:4] == _TRANSFER
        *message, v, r, s = decode(_TYPES, data[4:])
        self.transfer(TransferWithAuthorization(*message), r + s + bytes([v]), now)

    def transfer(self, message: TransferWithAuthorization, signature: bytes, now: float) -> None:
        self._require(recover(digest(self.domain, message), signature) == message.from_, "InvalidSignature")
        self._require(message.valid_after < now < message.valid_before, "InvalidAuthorizationTime")
        self._require((message.from_, message.nonce) not in self.used, "UsedAuthorization")
        self._require(self.balances.get(message.from_, 0) >= message.value, "InsufficientBalance")
        self.used[message.from_, message.nonce] = (message.to, message.value)
        self.move(message.from_, message.to, message.value)
        self.mined.append(message)

    def move(self, sender: Address, receiver: Address, value: int) -> None:
        self.balances[sender] = self.balances.get(sender, 0) - value
        self.balances[receiver] = self.balances.get(receiver, 0) + value

    def paid(self, message: TransferWithAuthorization) -> bool:
        return self.used.get((message.from_, message.nonce)) == (message.to, message.value)

    def _require(self, condition: bool, words: str) -> None:
        if not condition:
            raise Refused(words)
