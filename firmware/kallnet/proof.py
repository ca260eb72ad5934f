"""Merkle-Patricia proofs, as eth_getProof gives them (EIP-1186), against a root that is trusted.

A node counts only where its keccak-256 is what its parent, or the root, says. So whoever sends the nodes can
withhold an answer but not change one, and not pretend that a key is absent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kallnet import rlp
from kallnet.account import Address
from kallnet.errors import ProofInvalid, RlpInvalid
from kallnet.keccak import keccak256
from kallnet.rlp import Item

EMPTY_ROOT = keccak256(b"\x80")
EMPTY_CODE = keccak256(b"")

# A path has 64 nibbles, so an honest proof has at most 65 nodes.
MAX_NODES = 65


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as the world state holds it (Yellow Paper, 4.1). `balance` is in wei."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def prove_account(state_root: bytes, account: Address, nodes: Sequence[bytes]) -> AccountState | None:
    """None when the proof shows that there is no such account. Raises ProofInvalid."""
    value = prove(state_root, keccak256(account), nodes)
    if value is None:
        return None
    fields = _decoded(value)
    if not isinstance(fields, list) or len(fields) != 4:
        raise ProofInvalid("an account has four fields")
    nonce, balance, storage_root, code_hash = fields
    if not (_is_hash(storage_root) and _is_hash(code_hash)):
        raise ProofInvalid("an account's storage root and code hash have 32 bytes")
    assert isinstance(storage_root, bytes)
    assert isinstance(code_hash, bytes)
    return AccountState(_number(nonce), _number(balance), storage_root, code_hash)


def prove_storage(storage_root: bytes, slot: bytes, nodes: Sequence[bytes]) -> int:
    """The 256-bit word in a slot (32 bytes, big-endian); 0 when the proof shows its absence."""
    value = prove(storage_root, keccak256(slot), nodes)
    return 0 if value is None else _number(_decoded(value))


def prove(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """The value under `key`, or None when the nodes show that there is none.

    Raises ProofInvalid when they show neither. Order, repetition and further nodes don't matter.
    """
    if root == EMPTY_ROOT:
        return None
    if len(nodes) > MAX_NODES:
        raise ProofInvalid(f"a proof has at most {MAX_NODES} nodes, not {len(nodes)}")
    by_hash = {keccak256(node): node for node in nodes}
    return _walk(_resolve(root, by_hash), _nibbles(key), by_hash)


def _walk(node: Item, path: list[int], by_hash: dict[bytes, bytes]) -> bytes | None:
    at = 0
    while node:
        if not isinstance(node, list):
            raise ProofInvalid("a node is no list")
        if len(node) == 17:
            if at == len(path):
                return _value(node[16]) or None
            node = _resolve(node[path[at]], by_hash)
            at += 1
        elif len(node) == 2:
            part, is_leaf = _unpack(node[0])
            rest = path[at:]
            if is_leaf:
                return _value(node[1]) if part == rest else None
            if rest[: len(part)] != part:
                return None
            at += len(part)
            node = _resolve(node[1], by_hash)
        else:
            raise ProofInvalid(f"a node has 2 or 17 items, not {len(node)}")
    return None


def _resolve(reference: Item, by_hash: dict[bytes, bytes]) -> Item:
    """The node that a parent refers to: by its hash, or in place when it has less than 32 bytes."""
    if isinstance(reference, list) or not reference:
        return reference
    node = by_hash.get(reference)
    if node is None:
        raise ProofInvalid(f"the node {reference[:4].hex()}... is missing")
    return _decoded(node)


def _unpack(packed: Item) -> tuple[list[int], bool]:
    """Hex-prefix encoding (Yellow Paper, appendix C): the nibbles, and whether they end in a leaf."""
    nibbles = _nibbles(_value(packed))
    if not nibbles or nibbles[0] > 3:
        raise ProofInvalid("a path has no good prefix")
    is_odd, is_leaf = nibbles[0] & 1, bool(nibbles[0] & 2)
    return nibbles[1 if is_odd else 2 :], is_leaf


def _nibbles(data: bytes) -> list[int]:
    return [nibble for byte in data for nibble in (byte >> 4, byte & 15)]


def _value(item: Item) -> bytes:
    if not isinstance(item, bytes):
        raise ProofInvalid("a list stands where a value should")
    return item


def _number(item: Item) -> int:
    data = _value(item)
    if len(data) > 32 or data[:1] == b"\0":
        raise ProofInvalid("a number has at most 32 bytes and no leading zero")
    return int.from_bytes(data, "big")


def _is_hash(item: Item) -> bool:
    return isinstance(item, bytes) and len(item) == 32


def _decoded(data: bytes) -> Item:
    try:
        return rlp.decode(data)
    except RlpInvalid as error:
        raise ProofInvalid(str(error)) from None
