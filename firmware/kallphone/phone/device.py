"""The box around the phone, where it is a flashed one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DeviceAction(Enum):
    """What the menu may ask of the box. The first two end the phone, which comes back as another program."""

    SELF_TEST = "doctor"
    SETUP = "setup"
    UPDATE = "update"
    EXPORT = "export"

    @property
    def ends_the_phone(self) -> bool:
        return self in (DeviceAction.SELF_TEST, DeviceAction.SETUP)


@dataclass(frozen=True)
class DeviceFacts:
    """What is printed on other boxes."""

    version: str
    serial: str
