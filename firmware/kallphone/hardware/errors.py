from __future__ import annotations


class HardwareError(Exception):
    """What is wrong with the board, in words that say what to do.

    HardwareError
    ├── PinsInvalid      the pin table can't be read or contradicts itself
    ├── DeviceMissing    a part does not answer
    └── KeypadUnscanned  a simulated key was held, and no scanner came by
    """


class PinsInvalid(HardwareError):
    pass


class DeviceMissing(HardwareError):
    pass


class KeypadUnscanned(HardwareError):
    pass
