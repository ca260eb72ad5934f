"""The box around the phone, where it is a flashed one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DeviceAction(Enum):
    """What the menu may ask of the box. Some end the phone, which comes back as another program."""

    SELF_TEST = "doctor"
    SETUP = "setup"
    ERASE = "reset"
    UPDATE = "update"
    EXPORT = "export"

    @property
    def ends_the_phone(self) -> bool:
        return self in (DeviceAction.SELF_TEST, DeviceAction.SETUP, DeviceAction.ERASE)


@dataclass(frozen=True)
class DeviceFacts:
    """What is printed on other boxes."""

    version: str
    serial: str
