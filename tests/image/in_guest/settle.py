"""Makes simulated pins as slow to drive as a long wire: after a line of gpio-sim becomes an output, its
driver waits some milliseconds before it goes on.

A kernel's simulated pins are not wired to each other. Whoever plays the wire between a keypad's rows and
columns needs time to see a row go low before the driver of the phone reads the columns. The wait is a BPF
program behind gpio_sim_direction_output; the phone's own code is untouched.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from pathlib import Path

_BPF, _PERF_EVENT_OPEN = 280, 241  # arm64's system call numbers
_PROG_LOAD, _KPROBE = 5, 2
_KTIME_GET_NS = 5
_SET_BPF, _ENABLE, _DISABLE = 0x40042408, 0x2400, 0x2401
# The verifier follows 8,192 branches at most; looking at the clock is what takes the time.
_LOOPS, _LOOKS = 6_000, 24

_libc = ctypes.CDLL(None, use_errno=True)


def _instruction(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    return struct.pack("<BBhi", code, src << 4 | dst, off, imm)


def _program(wait_ns: int) -> bytes:
    now = _instruction(0x85, imm=_KTIME_GET_NS)
    return b"".join(
        (
            now,
            _instruction(0xBF, dst=6, src=0),  # r6 = start
            _instruction(0xB7, dst=7, imm=_LOOPS),
            now * _LOOKS,
            _instruction(0x1F, dst=0, src=6),  # r0 -= start
            _instruction(0x25, dst=0, off=2, imm=wait_ns),  # waited long enough: out
            _instruction(0x07, dst=7, imm=-1),
            _instruction(0x55, dst=7, off=-4 - _LOOKS),
            _instruction(0xB7, dst=0, imm=0),
            _instruction(0x95),
        )
    )


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


class SlowPins:
    """Off until it is turned on. Raises OSError where the kernel has no BPF or no gpio-sim."""

    def __init__(self, wait_s: float) -> None:
        program = _load(_program(int(wait_s * 1e9)))
        self._event = _probe(b"gpio_sim_direction_output")
        fcntl.ioctl(self._event, _SET_BPF, program)

    def turn(self, *, on: bool) -> None:
        fcntl.ioctl(self._event, _ENABLE if on else _DISABLE, 0)


def _load(program: bytes) -> int:
    instructions = ctypes.create_string_buffer(program)
    license_ = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "<IIQQIIQII16s",
        _KPROBE, len(program) // 8, ctypes.addressof(instructions), ctypes.addressof(license_),
        0, 0, 0, 0, 0, b"slow_pins",
    )  # fmt: skip
    given = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    return _checked(_libc.syscall(_BPF, _PROG_LOAD, given, len(given)), "BPF program")


def _probe(function: bytes) -> int:
    """A descriptor for the moments when a function of the kernel returns."""
    kind = int(Path("/sys/bus/event_source/devices/kprobe/type").read_text())
    name = ctypes.create_string_buffer(function)
    event = bytearray(128)
    struct.pack_into("<IIQ", event, 0, kind, len(event), 1)  # config 1: when it returns
    struct.pack_into("<Q", event, 40, 1)  # disabled
    struct.pack_into("<Q", event, 56, ctypes.addressof(name))
    given = ctypes.create_string_buffer(bytes(event), len(event))
    return _checked(_libc.syscall(_PERF_EVENT_OPEN, given, -1, 0, -1, 0), "kprobe")
