"""The key that signs updates: the maker's own, or one for development that is made where it is used."""

import os
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from .stages import BuildError


@dataclass(frozen=True)
class Signer:
    key: SigningKey
    development: bool

    @property
    def public(self) -> str:
        """The key that phones check with: 64 hexadecimal digits."""
        return bytes(self.key.verify_key).hex()

    def sign(self, content: bytes) -> bytes:
        """Ed25519 over exactly `content`: 64 bytes."""
        return self.key.sign(content).signature


def signer_of(given: Path | None, development: Path) -> Signer:
    """The key in the file `given`, else the one in `development`, which is made when it is missing.

    Errors: BuildError when a file holds no key.
    """
    if given:
        return Signer(_read(given), development=False)
    if not development.exists():
        development.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(development, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(bytes(SigningKey.generate()).hex() + "\n")
    return Signer(_read(development), development=True)


def _read(place: Path) -> SigningKey:
    try:
        return SigningKey(bytes.fromhex(place.read_text().strip()))
    except OSError as error:
        raise BuildError(f"the signing key can't be read from {place}: {error.strerror}") from None
    except ValueError:
        raise BuildError(f"{place} is no signing key: 64 hexadecimal digits are wanted") from None
