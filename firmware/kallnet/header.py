from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kallnet import rlp
from kallnet.errors import HeaderInvalid
from kallnet.keccak import keccak256

# What a block's hash covers, in order (Yellow Paper, 4.3). Forks only append to it: so did those of EIP-1559,
# EIP-4895, EIP-4844, EIP-4788 and EIP-7685.
_FIELDS: tuple[tuple[str, int | None], ...] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", -1),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)
_BEFORE_FORKS = 15
_ANY_LENGTH = -1
_MAX_EXTRA = 1024


@dataclass(frozen=True, slots=True)
class Header:
    """What a light client keeps of a block. `timestamp` is Unix seconds."""

    number: int
    hash: bytes
    state_root: bytes
    timestamp: int


def header_of(block: Any) -> Header:
    """The header of a block as eth_getBlockByNumber gives it.

    Its hash is computed from its fields, so that it binds the state root. Raises HeaderInvalid when the
    block says another.
    """
    if not isinstance(block, Mapping):
        raise HeaderInvalid("it sent no block")
    present = [i for i, (name, _) in enumerate(_FIELDS) if block.get(name) is not None]
    if present != list(range(len(present))) or len(present) < _BEFORE_FORKS:
        raise HeaderInvalid("its block lacks fields")
    values = [_field(name, length, block[name]) for name, length in _FIELDS[: len(present)]]
    computed = keccak256(rlp.encode(list(values)))
    if _field("hash", 32, block.get("hash")) != computed:
        raise HeaderInvalid(f"its block's hash is not that of its fields, which is 0x{computed.hex()}")
    by_name = dict(zip((name for name, _ in _FIELDS), values, strict=False))
    number, timestamp = (int.from_bytes(by_name[name], "big") for name in ("number", "timestamp"))
    if max(number, timestamp) >= 1 << 63:
        raise HeaderInvalid("its block is of no possible height or time")
    return Header(number, computed, by_name["stateRoot"], timestamp)


def _field(name: str, length: int | None, text: Any) -> bytes:
    try:
        if length is None:
            return _quantity(text)
        data = bytes.fromhex(text.removeprefix("0x"))
    except (AttributeError, TypeError, ValueError):
        raise HeaderInvalid(f"its block's {name} is no hexadecimal text") from None
    if len(data) != length and not (length == _ANY_LENGTH and len(data) <= _MAX_EXTRA):
        raise HeaderInvalid(f"its block's {name} has {len(data)} bytes")
    return data


def _quantity(text: str) -> bytes:
    value = int(text, 16)
    if value < 0 or value.bit_length() > 256:
        raise ValueError
    return rlp.encode_int(value)
