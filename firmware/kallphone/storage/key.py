from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random as random_bytes

from kallnet.account import Account
from kallphone.storage.errors import KeyDamaged, KeyExists, KeyMissing, PinNeeded, WrongPin
from kallphone.storage.files import read_private, write_private

_MAGIC = b"KALLKEY1"
_DEVICE = b"D"
_PIN = b"P"
_KEY_SIZE = 32
_OPERATIONS = 3
_MEMORY = 64 * 1024 * 1024
_SEALED_SIZE = _KEY_SIZE + SecretBox.NONCE_SIZE + SecretBox.MACBYTES


@dataclass(frozen=True)
class _Sealed:
    by: bytes
    salt: bytes
    box: bytes

    def encode(self) -> bytes:
        return _MAGIC + self.by + self.salt + self.box


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
        account = Account.generate()
        write_private(self.path, self._seal(account, pin), replace=False)
        return account

    def open(self, pin: str | None = None) -> Account:
        """Raises KeyMissing, KeyDamaged, PinNeeded or WrongPin."""
        sealed = self._read()
        box = SecretBox(self._unsealing_key(sealed, pin))
        try:
            return Account(box.decrypt(sealed.box))
        except (CryptoError, ValueError):
            if sealed.by == _PIN:
                raise WrongPin(f"the PIN does not open {self.path}: try again") from None
            raise KeyDamaged(f"{self._device_secret} does not open {self.path}: restore both") from None

    def change_pin(self, old: str | None, new: str | None) -> None:
        write_private(self.path, self._seal(self.open(old), new), replace=True)

    def _seal(self, account: Account, pin: str | None) -> bytes:
        salt = random_bytes(argon2id.SALTBYTES)
        key = self._make_device_key() if pin is None else _stretch(pin, salt)
        box = bytes(SecretBox(key).encrypt(account.export_key()))
        return _Sealed(_DEVICE if pin is None else _PIN, salt, box).encode()

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
        body = content.removeprefix(_MAGIC)
        by, salt, box = body[:1], body[1 : 1 + argon2id.SALTBYTES], body[1 + argon2id.SALTBYTES :]
        if len(body) == len(content) or by not in (_DEVICE, _PIN) or len(box) != _SEALED_SIZE:
            raise KeyDamaged(f"{self.path} is no sealed key: restore it from a backup")
        return _Sealed(by, salt, box)

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


def _stretch(pin: str, salt: bytes) -> bytes:
    key: bytes = argon2id.kdf(_KEY_SIZE, pin.encode(), salt, opslimit=_OPERATIONS, memlimit=_MEMORY)
    return key
