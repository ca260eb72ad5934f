"""From the entropy of a backup to the account's key, as common wallets do it (BIP-39, BIP-32, BIP-44)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from coincurve import PrivateKey
from mnemonic import Mnemonic

from kallnet.account import ORDER, Account
from kallphone.storage.words import words_of

HARDENED = 0x8000_0000

ACCOUNT_PATH = (44 + HARDENED, 60 + HARDENED, 0 + HARDENED, 0, 0)
"""m/44'/60'/0'/0/0: BIP-44 with coin type 60 (SLIP-44, Ethereum), the first account of any wallet."""


def account_of_entropy(entropy: bytes) -> Account:
    """128 bits; without a passphrase, as wallets do by default."""
    return Account(derived_key(Mnemonic.to_seed(" ".join(words_of(entropy))), ACCOUNT_PATH))


def derived_key(seed: bytes, path: Sequence[int]) -> bytes:
    """BIP-32. Raises ValueError for the one seed in 2^127 that has no key on this path."""
    key, chain = _halves(b"Bitcoin seed", seed)
    _check(key)
    for index in path:
        tweak, deeper = _halves(chain, _parent(key, index) + index.to_bytes(4, "big"))
        _check(tweak)
        child = (int.from_bytes(tweak, "big") + int.from_bytes(key, "big")) % ORDER
        key, chain = child.to_bytes(32, "big"), deeper
        _check(key)
    return key


def _parent(key: bytes, index: int) -> bytes:
    return b"\0" + key if index >= HARDENED else bytes(PrivateKey(key).public_key.format())


def _halves(key: bytes, data: bytes) -> tuple[bytes, bytes]:
    digest = hmac.digest(key, data, hashlib.sha512)
    return digest[:32], digest[32:]


def _check(key: bytes) -> None:
    if not 0 < int.from_bytes(key, "big") < ORDER:
        raise ValueError("this seed has no key here: make another one")
