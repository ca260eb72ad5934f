from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random as random_bytes

from kallnet.account import Account
from kallphone.storage.derivation import account_of_entropy
from kallphone.storage.errors import KeyDamaged, KeyExists, KeyMissing, NoWords, PinNeeded, WrongPin
from kallphone.storage.files import keep_aside, read_private, write_private
from kallphone.storage.words import ENTROPY_SIZE, entropy_of, words_of

_BARE = b"KALLKEY1"
"""The key alone: made before backups were words."""
_BACKED = b"KALLKEY2"
"""The key, and the entropy that it and its words come from."""
_DEVICE = b"D"
_PIN = b"P"
_KEY_SIZE = 32
_OPERATIONS = 3
_MEMORY = 64 * 1024 * 1024
_SEALING = SecretBox.NONCE_SIZE + SecretBox.MACBYTES
_BOX_SIZES = {_BARE: _KEY_SIZE + _SEALING, _BACKED: _KEY_SIZE + ENTROPY_SIZE + _SEALING}


@dataclass(frozen=True)
class _Secret:
    account: Account
    entropy: bytes = field(default=b"", repr=False)

    @classmethod
    def from_entropy(cls, entropy: bytes) -> _Secret:
        return cls(account_of_entropy(entropy), entropy)

    @classmethod
    def decode(cls, content: bytes) -> _Secret:
        return cls(Account(content[:_KEY_SIZE]), content[_KEY_SIZE:])

    def encode(self) -> bytes:
        return self.account.export_key() + self.entropy


@dataclass(frozen=True)
class _Sealed:
    magic: bytes
    by: bytes
    salt: bytes
    box: bytes

    def encode(self) -> bytes:
        return self.magic + self.by + self.salt + self.box


class KeyFile:
    """The account's key, made on this device and sealed at rest with XSalsa20-Poly1305.

    A PIN seals it by argon2id (3 passes over 64 MiB); without one, a secret file of this device does, which
    keeps the key out of a copy of the data directory alone.
    """

    def __init__(self, path: Path, device_secret: Path) -> None:
        self.path = path
        self._device_secret = device_secret

    def exists(self) -> bool:
        return self.path.exists()

    def needs_pin(self) -> bool:
        return self._read().by == _PIN

    def create(self, pin: str | None = None) -> Account:
        """Raises KeyExists rather than replace a key."""
        return self._write(_Secret.from_entropy(secrets.token_bytes(ENTROPY_SIZE)), pin, replace=False)

    def restore(self, words: Sequence[str], pin: str | None = None, *, replace: bool = False) -> Account:
        """The account of a backup. A key that is replaced is kept as `account.key.old-1` and so on.

        Raises WordsWrong, and KeyExists where there is a key and `replace` is not said.
        """
        secret = _Secret.from_entropy(entropy_of(words))
        if replace and self.exists():
            keep_aside(self.path)
        return self._write(secret, pin, replace=replace)

    def open(self, pin: str | None = None) -> Account:
        """Raises KeyMissing, KeyDamaged, PinNeeded or WrongPin."""
        return self._unsealed(pin).account

    def words(self, pin: str | None = None) -> tuple[str, ...]:
        """The backup: whoever has these twelve words has the account. Raises as `open` does, and NoWords."""
        entropy = self._unsealed(pin).entropy
        if not entropy:
            raise NoWords(f"{self.path} is from a time before words: keep a copy of its folder instead")
        return words_of(entropy)

    def change_pin(self, old: str | None, new: str | None) -> None:
        self._write(self._unsealed(old), new, replace=True)

    def _write(self, secret: _Secret, pin: str | None, *, replace: bool) -> Account:
        write_private(self.path, self._seal(secret, pin), replace=replace)
        return secret.account

    def _unsealed(self, pin: str | None) -> _Secret:
        sealed = self._read()
        box = SecretBox(self._unsealing_key(sealed, pin))
        try:
            return _Secret.decode(box.decrypt(sealed.box))
        except (CryptoError, ValueError):
            if sealed.by == _PIN:
                raise WrongPin(f"the PIN does not open {self.path}: try again") from None
            raise KeyDamaged(f"{self._device_secret} does not open {self.path}: restore both") from None

    def _seal(self, secret: _Secret, pin: str | None) -> bytes:
        salt = random_bytes(argon2id.SALTBYTES)
        key = self._make_device_key() if pin is None else _stretch(pin, salt)
        box = bytes(SecretBox(key).encrypt(secret.encode()))
        magic = _BACKED if secret.entropy else _BARE
        return _Sealed(magic, _DEVICE if pin is None else _PIN, salt, box).encode()

    def _unsealing_key(self, sealed: _Sealed, pin: str | None) -> bytes:
        if sealed.by == _DEVICE:
            return self._device_key()
        if pin is None:
            raise PinNeeded(f"{self.path} is sealed with a PIN: enter it")
        return _stretch(pin, sealed.salt)

    def _read(self) -> _Sealed:
        try:
            content = read_private(self.path)
        except FileNotFoundError:
            raise KeyMissing(f"{self.path} does not exist: this phone has no account yet") from None
        magic, body = content[: len(_BARE)], content[len(_BARE) :]
        by, salt, box = body[:1], body[1 : 1 + argon2id.SALTBYTES], body[1 + argon2id.SALTBYTES :]
        if by not in (_DEVICE, _PIN) or len(box) != _BOX_SIZES.get(magic):
            raise KeyDamaged(f"{self.path} is no sealed key: restore it from a backup")
        return _Sealed(magic, by, salt, box)

    def _make_device_key(self) -> bytes:
        with suppress(KeyExists):
            write_private(self._device_secret, secrets.token_bytes(_KEY_SIZE), replace=False)
        return self._device_key()

    def _device_key(self) -> bytes:
        try:
            key = read_private(self._device_secret)
        except FileNotFoundError:
            raise KeyMissing(f"{self._device_secret} is gone, and with it the way into {self.path}") from None
        if len(key) != _KEY_SIZE:
            raise KeyDamaged(f"{self._device_secret} must hold {_KEY_SIZE} bytes: restore it from a backup")
        return key


def key_in(state: Path) -> KeyFile:
    """The phone's, in its folder."""
    return KeyFile(state / "account.key", state / "device.secret")


def _stretch(pin: str, salt: bytes) -> bytes:
    key: bytes = argon2id.kdf(_KEY_SIZE, pin.encode(), salt, opslimit=_OPERATIONS, memlimit=_MEMORY)
    return key
