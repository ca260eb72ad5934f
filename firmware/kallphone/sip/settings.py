from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class SipError(Exception):
    """The SIP side can't start; the words say what to change."""


@dataclass(frozen=True)
class AudioSettings:
    """`device` is an ALSA name or "null"; `latency_ms` is asked of the sound card, each way.

    `speak` replaces the microphone by a WAV, said once from the moment a call is joined.
    `record` keeps all that the earpiece plays, silence included. `loss_percent` of the packets are dropped
    each way, to hear what a bad network does. Where `device` `may_come_later`, as a USB handset does after
    the power came, its absence is no error.
    """

    device: str = "null"
    speak: Path | None = None
    record: Path | None = None
    latency_ms: int = 20
    loss_percent: int = 0
    may_come_later: bool = False


@dataclass(frozen=True)
class SipSettings:
    """`media_timeout_s` bounds the wait for the first secure packet, `rtp_timeout_s` any later gap.

    With `nameservers` names are looked up without blocking; without, by the system's resolver.
    """

    ca_file: Path
    audio: AudioSettings = field(default_factory=AudioSettings)
    country: str = "de"
    registration_s: int = 300
    media_timeout_s: float = 10.0
    rtp_timeout_s: float = 30.0
    nameservers: tuple[str, ...] = ()
    opus_complexity: int = 8
