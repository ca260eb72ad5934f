import re
import secrets
from typing import NewType

from coincurve import PrivateKey, PublicKey

from kallnet.errors import AddressInvalid, BadSignature
from kallnet.keccak import keccak256

Address = NewType("Address", bytes)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HEX = re.compile(r"0x([0-9a-fA-F]{40})", re.ASCII)


def address_from_hex(text: str) -> Address:
    """Takes 0x and 40 digits; when their case is mixed, it must be the EIP-55 checksum."""
    match = _HEX.fullmatch(text)
    if match is None:
        raise AddressInvalid(text, "it must be 0x and 40 hexadecimal digits")
    digits = match[1]
    address = Address(bytes.fromhex(digits))
    if digits not in (digits.lower(), digits.upper()) and text != address_to_hex(address):
        raise AddressInvalid(text, "its EIP-55 checksum is wrong: check for a typing mistake")
    return address


def address_to_hex(address: Address) -> str:
    digits = address.hex()
    checksum = keccak256(digits.encode()).hex()
    return "0x" + "".join(d.upper() if int(c, 16) > 7 else d for d, c in zip(digits, checksum, strict=False))


def address_of(public_key: bytes) -> Address:
    """The account of a compressed or uncompressed secp256k1 key; ValueError when it is no point."""
    return _address(PublicKey(public_key))


class Account:
    """A secp256k1 key pair. Neither repr nor an error shows the key."""

    __slots__ = ("_key", "address", "public_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != 32 or not 0 < int.from_bytes(key, "big") < ORDER:
            raise ValueError("an account key is 32 bytes between 1 and the order of secp256k1")
        self._key = PrivateKey(key)
        self.public_key: bytes = self._key.public_key.format(compressed=True)
        self.address: Address = _address(self._key.public_key)

    @classmethod
    def generate(cls) -> "Account":
        return cls((secrets.randbelow(ORDER - 1) + 1).to_bytes(32, "big"))

    def export_key(self) -> bytes:
        """The secret itself, for sealed storage only."""
        return self._key.secret

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r, s, v with a low s (EIP-2) and v 27 or 28; RFC 6979 nonces, so repeatable."""
        signature: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def shared_secret(self, public_key: bytes) -> bytes:
        """32 bytes that the other key's owner gets from ours (ECDH): SHA-256 of the compressed point.

        ValueError when the key is no point.
        """
        secret: bytes = self._key.ecdh(public_key)
        return secret

    def __repr__(self) -> str:
        return f"Account({address_to_hex(self.address)})"

    def __reduce__(self) -> str:
        raise TypeError("an account is not pickled: its key would leave the process")


def recover(digest: bytes, signature: bytes) -> Address:
    """Who signed. Raises BadSignature for another length, a high s (malleable), or a v not 27 or 28."""
    if len(signature) != 65:
        raise BadSignature(f"a signature has 65 bytes, this one {len(signature)}")
    if signature[64] not in (27, 28):
        raise BadSignature(f"a signature's v is 27 or 28, this one's {signature[64]}")
    if int.from_bytes(signature[32:64], "big") > ORDER // 2:
        raise BadSignature("the signature's s is in the upper half of the order")
    if len(digest) != 32:
        raise ValueError(f"a digest has 32 bytes, not {len(digest)}")
    compact = signature[:64] + bytes([signature[64] - 27])
    try:
        key = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except ValueError as error:
        raise BadSignature("the signature belongs to no key") from error
    return _address(key)


def _address(key: PublicKey) -> Address:
    return Address(keccak256(key.format(compressed=False)[1:])[12:])
