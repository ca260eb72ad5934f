"""The key that signs updates: the maker's own, or one for development that is made where it is used."""

from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from kallphone.update.errors import PublishError
from kallphone.update.signing import make_key, read_key, trust_list

from .stages import BuildError


@dataclass(frozen=True)
class Signer:
    key: SigningKey
    development: bool

    def trusted(self) -> bytes:
        """The image's list of keys that updates may be signed by."""
        return trust_list([bytes(self.key.verify_key)])


def signer_of(given: Path | None, development: Path) -> Signer:
    """The key in the file `given`, else the one in `development`, which is made when it is missing.

    Errors: BuildError when a file holds no key.
    """
    place = given or development
    try:
        if place == development and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            make_key(place)
        return Signer(read_key(place), development=given is None)
    except PublishError as error:
        raise BuildError(str(error)) from None
