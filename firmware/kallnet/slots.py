"""Where the contracts keep what phones read: storage slots, and what is packed into them.

The numbers come from the compiler's layout; tests/kallnet/test_slots.py fails when they move, since a wrong
slot would "prove" that nothing is there.
"""

from kallnet.account import Address
from kallnet.keccak import keccak256
from kallnet.number import KallNumber

REGISTRY_RECORDS = 2
REGISTRY_HOLDERS = 3
ESCROW_NONCES = 2
ESCROW_CHANNELS = 3
COIN_BALANCES = 0
COIN_SUPPLY = 2
COIN_NONCES = 7
RATING_RATERS = 2
RATING_LATEST = 3
SPEC_STATE = 2
SPEC_SPECS = 3
SPEC_VOTES = 4
SPEC_INTERESTS = 5


def record(kind: int, account: Address) -> tuple[bytes, bytes]:
    """The head's slot and that of the entry's hash."""
    head = _mapped(_mapped(_word(REGISTRY_RECORDS), _word(kind)), _padded(account))
    return head, _word(int.from_bytes(head, "big") + 1)


def holder(number: KallNumber) -> bytes:
    return _mapped(_word(REGISTRY_HOLDERS), _word(number))


def channel(client: Address, provider: Address) -> bytes:
    return _mapped(_mapped(_word(ESCROW_CHANNELS), _padded(client)), _padded(provider))


def escrow_nonce(account: Address) -> bytes:
    return _mapped(_word(ESCROW_NONCES), _padded(account))


def balance(account: Address) -> bytes:
    return _mapped(_word(COIN_BALANCES), _padded(account))


def coin_nonce(account: Address) -> bytes:
    return _mapped(_word(COIN_NONCES), _padded(account))


def supply() -> bytes:
    return _word(COIN_SUPPLY)


def rater_count(service: Address) -> bytes:
    return _mapped(_word(RATING_RATERS), _padded(service))


def rater(service: Address, index: int) -> bytes:
    """Elements of an array stand one after the other from the hash of its own slot on."""
    first = int.from_bytes(keccak256(rater_count(service)), "big")
    return _word((first + index) % (1 << 256))


def latest_rating(service: Address, client: Address) -> bytes:
    return _mapped(_mapped(_word(RATING_LATEST), _padded(service)), _padded(client))


def spec_state() -> bytes:
    return _word(SPEC_STATE)


def specification(version: int) -> bytes:
    return _mapped(_word(SPEC_SPECS), _word(version))


def vote(number: int, count: int) -> list[bytes]:
    """The first `count` slots of a vote: its head, the powers of its proposals, their hashes, its tally."""
    first = int.from_bytes(_mapped(_word(SPEC_VOTES), _word(number)), "big")
    return [_word((first + i) % (1 << 256)) for i in range(count)]


def interest(number: int, account: Address) -> bytes:
    return _mapped(_mapped(_word(SPEC_INTERESTS), _word(number)), _padded(account))


def unpack(word: int, *widths: int) -> tuple[int, ...]:
    """The fields of a packed slot, from the low bits on; `widths` in bits."""
    fields = []
    for width in widths:
        fields.append(word & ((1 << width) - 1))
        word >>= width
    return tuple(fields)


def _mapped(slot: bytes, key: bytes) -> bytes:
    """Solidity documentation, "Layout of State Variables in Storage": mappings."""
    return keccak256(key + slot)


def _padded(address: Address) -> bytes:
    return address.rjust(32, b"\0")


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
