"""What a phone tells its installer, so that a plan can be sealed to it. No secret."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from kallnet.account import Account, Address, address_of, address_to_hex
from kallphone.provision.board import SERIAL
from kallphone.provision.errors import FileInvalid
from kallphone.provision.toml_text import written

PATTERN = "device-*.toml"
FORMAT = 1


@dataclass(frozen=True)
class Device:
    """`serial` is the board's; `public_key` the account's, compressed."""

    serial: str
    public_key: bytes

    @property
    def account(self) -> Address:
        return address_of(self.public_key)

    @property
    def name(self) -> str:
        return f"device-{self.serial}.toml"

    def encode(self) -> bytes:
        fields = {
            "format": FORMAT,
            "serial": self.serial,
            "account": address_to_hex(self.account),
            "public_key": self.public_key.hex(),
        }
        return ("# Of this phone, for `kallphone batch`. No secret.\n" + written(fields)).encode()


def device_of(serial: str, account: Account) -> Device:
    return Device(serial, account.public_key)


def read_device(file: Path) -> Device:
    """Raises FileInvalid."""
    try:
        fields = tomllib.loads(file.read_text(encoding="utf-8"))
        device = Device(fields["serial"], bytes.fromhex(fields["public_key"]))
        good = SERIAL.fullmatch(device.serial) and address_to_hex(device.account) == fields["account"]
    except (OSError, ValueError, KeyError, TypeError):
        good = None
    if not good or fields["format"] != FORMAT:
        raise FileInvalid(f"{file} is no device file of a phone, or was damaged: copy it anew from its card")
    return device
