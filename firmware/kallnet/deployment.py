import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallnet.account import Address, address_from_hex
from kallnet.errors import AddressInvalid, DeploymentInvalid

NETWORK_API_VERSION = 1


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the network's contracts live. `block` is that of the deployment: nothing happened before it."""

    chain_id: int
    coin: Address
    registry: Address
    escrow: Address
    rating: Address
    spec: Address
    krypton: Address
    block: int


def load_deployment(path: Path | str) -> Deployment:
    """Reads the file that contracts/deploy.py writes."""
    try:
        body = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise DeploymentInvalid(f"{path} can't be read: {error}; deploy the contracts first") from None
    try:
        return _deployment(body)
    except (KeyError, TypeError, AddressInvalid) as error:
        raise DeploymentInvalid(f"{path} is no deployment file: {error}") from None


def _deployment(body: Any) -> Deployment:
    version = body["network_api_version"]
    if version != NETWORK_API_VERSION:
        raise TypeError(f"it is for network API version {version}, this is {NETWORK_API_VERSION}")
    contracts = body["contracts"]
    return Deployment(
        chain_id=_integer(body, "chain_id"),
        coin=address_from_hex(contracts["KallCoin"]),
        registry=address_from_hex(contracts["KallRegistry"]),
        escrow=address_from_hex(contracts["KallEscrow"]),
        rating=address_from_hex(contracts["KallRating"]),
        spec=address_from_hex(contracts["KallSpec"]),
        krypton=address_from_hex(contracts["KallKrypton"]),
        block=_integer(body, "block"),
    )


def _integer(body: Any, key: str) -> int:
    if not isinstance(body[key], int):
        raise TypeError(f"{key} must be a whole number")
    return int(body[key])
