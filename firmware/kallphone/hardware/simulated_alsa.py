from __future__ import annotations

import array
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

_QUIET_S = 1.0

PLAYS = ("Playback Volume", "Playback Mute")


class AlsaError(Exception):
    pass


@dataclass
class SimulatedControl:
    """One control of a card's mixer. `span` in decibels, None where the card does not tell any."""

    span: tuple[float, float] | None = (-48.0, 6.0)
    capabilities: tuple[str, ...] = PLAYS
    decibels: float | None = None
    percent: int | None = None
    muted: bool = False


def usb_handset() -> dict[str, SimulatedControl]:
    captures = SimulatedControl(capabilities=("Capture Volume",))
    return {"Speaker": SimulatedControl(), "Mic": captures, "Sidetone": SimulatedControl((-24.0, 0.0))}


@dataclass
class SimulatedAlsa:
    """The alsaaudio module, as far as the phone uses it, with cards that can be pulled out.

    `played` has what was written to each playback device; a device that is `busy` can't be opened. What is
    played is heard by the same device's microphone, `air` times as loud.
    """

    ALSAAudioError: ClassVar[type[Exception]] = AlsaError
    PCM_PLAYBACK: ClassVar[int] = 0
    PCM_CAPTURE: ClassVar[int] = 1
    PCM_NORMAL: ClassVar[int] = 0
    PCM_FORMAT_S16_LE: ClassVar[int] = 2
    VOLUME_UNITS_PERCENTAGE: ClassVar[int] = 0
    VOLUME_UNITS_DB: ClassVar[int] = 2

    controls: dict[str, dict[str, SimulatedControl]] = field(
        default_factory=lambda: {"default": usb_handset()}
    )
    busy: set[str] = field(default_factory=set)
    played: dict[str, bytearray] = field(default_factory=dict)
    air: float = 0.1
    pace: Callable[[float], None] = time.sleep
    changed: threading.Condition = field(default_factory=threading.Condition)

    def mixers(self, device: str) -> list[str]:
        if device not in self.controls:
            raise AlsaError(f"No such file or directory [{device}]")
        return list(self.controls[device])

    def Mixer(self, control: str, device: str) -> _Mixer:  # noqa: N802
        return _Mixer(self, self.controls[device][control])

    def PCM(self, device: str, type: int = PCM_PLAYBACK, **_shape: Any) -> _Playback | _Capture:  # noqa: A002, N802
        if device in self.busy or device not in self.controls:
            raise AlsaError(f"Device or resource busy [{device}]")
        return _Capture(self, device) if type == self.PCM_CAPTURE else _Playback(self, device)

    def tell(self) -> None:
        with self.changed:
            self.changed.notify_all()


@dataclass
class _Mixer:
    alsa: SimulatedAlsa
    control: SimulatedControl

    def volumecap(self) -> list[str]:
        return [word for word in self.control.capabilities if "Volume" in word]

    def switchcap(self) -> list[str]:
        return [word for word in self.control.capabilities if "Mute" in word]

    def getrange(self, pcmtype: int, units: int) -> list[int]:  # noqa: ARG002
        # What happens to be in memory, as pyalsaaudio has it for a card without decibels.
        low, high = self.control.span or (139_620_000_000.0, 1.0)
        return [round(low * 100), round(high * 100)]

    def setmute(self, mute: bool) -> None:
        self.control.muted = bool(mute)

    def setvolume(self, volume: int, pcmtype: int, units: int = 0) -> None:  # noqa: ARG002
        if units == self.alsa.VOLUME_UNITS_DB:
            self.control.decibels, self.control.percent = volume / 100, None
        elif 0 <= volume <= 100:
            self.control.decibels, self.control.percent = None, volume
        else:
            raise AlsaError("Volume out of range")
        self.alsa.tell()

    def close(self) -> None:
        pass


@dataclass
class _Playback:
    alsa: SimulatedAlsa
    device: str

    def write(self, sound: bytes) -> int:
        if self.device in self.alsa.busy or self.device not in self.alsa.controls:
            raise AlsaError(f"No such device [{self.device}]")
        self.alsa.played.setdefault(self.device, bytearray()).extend(sound)
        self.alsa.tell()
        self.alsa.pace(len(sound) / 2 / 48_000)
        return len(sound) // 2

    def close(self) -> None:
        pass


@dataclass
class _Capture:
    alsa: SimulatedAlsa
    device: str
    heard: int = -1

    def read(self) -> tuple[int, bytes]:
        """What was played since the last time, as far as the air carries it; waits for it."""
        played = self.alsa.played.setdefault(self.device, bytearray())
        with self.alsa.changed:
            if self.heard < 0:
                self.heard = len(played)
            self.alsa.changed.wait_for(lambda: len(played) > self.heard, _QUIET_S)
            new = array.array("h", bytes(played[self.heard :]))
        self.heard += 2 * len(new)
        return len(new), array.array("h", (round(self.alsa.air * sample) for sample in new)).tobytes()

    def close(self) -> None:
        pass
