"""Messages that only their recipient can read, signed by their sender inside the seal.

Ephemeral ECDH on secp256k1 with the recipient's account key, HKDF-SHA256 (RFC 5869), XSalsa20-Poly1305. The
signature covers recipient and kind, so that a message can't be forged, sealed on to another account, or
passed off as another kind.
"""

import hmac
import re
from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from kallnet import plain_cbor
from kallnet.account import Account, Address, address_of, recover
from kallnet.errors import BadSignature, SealInvalid
from kallnet.mail_names import MAX_SIZE, message_id
from kallnet.messages import Sealed
from kallnet.typed import Domain, digest

FORMAT = 1

_SMALLEST = 512
_STEP = 64 * 1024
_KEY_SIZE = 33
_HEAD = 1 + _KEY_SIZE
_OVERHEAD = _HEAD + SecretBox.MACBYTES
_LENGTH = 4
_CONTEXT = b"KallPhone sealed message 1"
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_MAX_TIME = 2**40 - 1


@dataclass(frozen=True, slots=True)
class Opened:
    """`time` is the sender's, in Unix seconds; `id` that of the sealed message."""

    sender: Address
    kind: str
    body: bytes
    time: int
    id: bytes


def seal(
    sender: Account,
    registry: Domain,
    recipient_key: bytes,
    kind: str,
    body: bytes,
    time: int,
    ephemeral: Account | None = None,
) -> bytes:
    """`recipient_key` is the account's public key; ValueError for one that is no point, a kind that is none,
    or a body that is too long. `ephemeral` is for test vectors: a key that is used twice opens both."""
    if not _KIND.fullmatch(kind) or not 0 <= time <= _MAX_TIME:
        raise ValueError(f"{kind!r} is no kind, or {time} no time")
    once = ephemeral or Account.generate()
    signed = Sealed(sender.address, address_of(recipient_key), kind, time, body)
    signature = sender.sign(digest(registry, signed))
    content = plain_cbor.encode(_map(signed, signature))
    size = size_of(len(content))
    if size > MAX_SIZE:
        raise ValueError(f"{len(body)} bytes are too many for a sealed message")
    padded = (len(content).to_bytes(_LENGTH, "big") + content).ljust(size - _OVERHEAD, b"\0")
    box, nonce = _box(once.shared_secret(recipient_key), once.public_key, recipient_key)
    return bytes([FORMAT]) + once.public_key + box.encrypt(padded, nonce).ciphertext


def open_sealed(account: Account, registry: Domain, blob: bytes) -> Opened:
    """Raises SealInvalid for anything but what `seal` gives for this account."""
    content = _content(_decrypted(account, blob), len(blob))
    signed, signature = _parsed(content, account.address)
    if plain_cbor.encode(_map(signed, signature)) != content:
        raise SealInvalid("it is not in deterministic form or has unknown fields")
    if _signer(digest(registry, signed), signature) != signed.sender:
        raise SealInvalid("it is not signed by its sender, or for another account")
    return Opened(signed.sender, signed.kind, signed.body, signed.time, message_id(blob))


def size_of(content: int) -> int:
    """Of the whole message for that many bytes in it: a power of two, above 64 KiB a multiple of that."""
    needed = _OVERHEAD + _LENGTH + content
    if needed > _STEP:
        return -(-needed // _STEP) * _STEP
    return max(_SMALLEST, 1 << (needed - 1).bit_length())


def _box(secret: bytes, ephemeral_key: bytes, recipient_key: bytes) -> tuple[SecretBox, bytes]:
    """The key serves once, so its nonce may follow from the same secret."""
    made = _hkdf(secret, ephemeral_key + recipient_key)
    return SecretBox(made[: SecretBox.KEY_SIZE]), made[SecretBox.KEY_SIZE :]


def _hkdf(secret: bytes, salt: bytes) -> bytes:
    """RFC 5869 with SHA-256, two blocks of it: pycryptodome's would load cffi's parser (see keccak.py)."""
    key = hmac.digest(salt, secret, "sha256")
    first = hmac.digest(key, _CONTEXT + b"\1", "sha256")
    second = hmac.digest(key, first + _CONTEXT + b"\2", "sha256")
    return (first + second)[: SecretBox.KEY_SIZE + SecretBox.NONCE_SIZE]


def _decrypted(account: Account, blob: bytes) -> bytes:
    if not _SMALLEST <= len(blob) <= MAX_SIZE:
        raise SealInvalid(f"it has {len(blob)} bytes")
    if blob[0] != FORMAT:
        raise SealInvalid(f"its format is {blob[0]}, not {FORMAT}")
    ephemeral_key = blob[1:_HEAD]
    try:
        secret = account.shared_secret(ephemeral_key)
        box, nonce = _box(secret, ephemeral_key, account.public_key)
        return box.decrypt(blob[_HEAD:], nonce)
    except (ValueError, CryptoError):
        raise SealInvalid("it is not sealed to this account, or was changed") from None


def _content(padded: bytes, size: int) -> bytes:
    length = int.from_bytes(padded[:_LENGTH], "big")
    content, padding = padded[_LENGTH : _LENGTH + length], padded[_LENGTH + length :]
    if len(content) != length or padding.count(0) != len(padding) or size_of(length) != size:
        raise SealInvalid("its padding is wrong")
    return content


def _map(signed: Sealed, signature: bytes) -> dict[int, object]:
    return {0: FORMAT, 1: signed.sender, 2: signed.kind, 3: signed.time, 4: signed.body, 5: signature}


def _parsed(content: bytes, recipient: Address) -> tuple[Sealed, bytes]:
    try:
        body = plain_cbor.decode(content)
    except ValueError as error:
        raise SealInvalid(str(error)) from None
    fields = [body.get(place) for place in range(6)] if isinstance(body, dict) else []
    match fields:
        case [1, bytes(sender), str(kind), int(time), bytes(text), bytes(signature)]:
            signed = Sealed(Address(sender), recipient, kind, time, text)
        case _:
            raise SealInvalid("it lacks a field, or one is of another type")
    if len(sender) != 20 or not _KIND.fullmatch(kind) or isinstance(time, bool) or not 0 <= time <= _MAX_TIME:
        raise SealInvalid("its sender, kind or time is none")
    return signed, signature


def _signer(digest_: bytes, signature: bytes) -> Address:
    try:
        return recover(digest_, signature)
    except BadSignature as error:
        raise SealInvalid(str(error)) from None
