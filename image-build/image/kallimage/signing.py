"""The key that signs updates: the maker's own, or one for development that is made where it is used."""

from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from kallphone.update.errors import PublishError
from kallphone.update.manifest import KEYS_FILE
from kallphone.update.signing import make_key, published_keys, read_key, trust_list

from .stages import BuildError

IMAGE_KEYS = "update-keys.json"


@dataclass(frozen=True)
class Signer:
    """`trusted` is the image's list of keys; `hand_overs` is the file that led to it, None for none yet."""

    key: SigningKey
    trusted: bytes
    hand_overs: Path | None
    development: bool


def signer_of(given: Path | None, keys: Path | None, development: Path) -> Signer:
    """The key in the file `given`, else the one in `development`, which is made when it is missing.

    `keys` is a folder with update-keys.json and keys.json, needed once keys were handed over.
    Errors: BuildError when a file holds no key, or when phones would not take what this key signs.
    """
    place = given or development
    try:
        if place == development and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            make_key(place)
        key = read_key(place)
        if keys is None:
            return Signer(key, trust_list([bytes(key.verify_key)]), None, development=given is None)
        trusted = published_keys(keys / IMAGE_KEYS, keys / KEYS_FILE, key)
        return Signer(key, trusted.to_bytes(), keys / KEYS_FILE, development=given is None)
    except PublishError as error:
        raise BuildError(str(error)) from None
