from __future__ import annotations

import hashlib

import pytest

from kallnet.account import address_to_hex
from kallphone.storage.derivation import HARDENED as H
from kallphone.storage.derivation import account_of_entropy, derived_key
from kallphone.storage.words import entropy_of

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

# BIP-32, test vectors 1 and 3: the second has keys that begin with zeros.
_FIRST = "000102030405060708090a0b0c0d0e0f"
_THIRD = (
    "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4ac"
    "ba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be"
)
_VECTORS = [
    (_FIRST, (),
     ("xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVv"
     "vNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi")),
    (_FIRST, (0 + H,),
     ("xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rG"
     "L5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7")),
    (_FIRST, (0 + H, 1),
     ("xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53K"
     "w1UmYPxLgboyZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs")),
    (_FIRST, (0 + H, 1, 2 + H, 2),
     ("xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQ"
     "MuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334")),
    (_FIRST, (0 + H, 1, 2 + H, 2, 1_000_000_000),
     ("xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHSc"
     "GpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76")),
    (_THIRD, (0 + H,),
     ("xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMW"
     "PrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L")),
]  # fmt: skip


def key_of(xprv: str) -> bytes:
    number = 0
    for character in xprv:
        number = 58 * number + _BASE58.index(character)
    raw = number.to_bytes(82, "big")
    assert hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]
    return raw[46:78]


@pytest.mark.parametrize(("seed", "path", "xprv"), _VECTORS)
def test_the_vectors_of_bip_32(seed: str, path: tuple[int, ...], xprv: str):
    assert derived_key(bytes.fromhex(seed), path) == key_of(xprv)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        # The accounts of Hardhat and Anvil, and of BIP-39's own first vector in any Ethereum wallet.
        ("test " * 11 + "junk", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
        ("abandon " * 11 + "about", "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"),
    ],
)
def test_other_wallets_find_the_same_account(words: str, address: str):
    assert address_to_hex(account_of_entropy(entropy_of(words.split())).address) == address
