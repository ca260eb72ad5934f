from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kallphone.demo.process import Process

SINKS = ("a_mic", "a_ear", "b_mic", "b_ear")

_PCM = """\
pcm.{name} {{
  type asym
  playback.pcm {{ type pulse server "{server}" device "{side}_ear" }}
  capture.pcm {{ type pulse server "{server}" device "{side}_mic.monitor" }}
  hint {{ show on description "Handset {side}" }}
}}
"""


@dataclass(frozen=True)
class SoundBed:
    """Handsets of air: what is played to <side>_mic is spoken, <side>_ear.monitor is what is heard."""

    server: str

    def device(self, side: str) -> str:
        """The ALSA name of a handset."""
        return f"handset_{side}"


@asynccontextmanager
async def sound_bed(logs: Path) -> AsyncIterator[SoundBed]:
    """Two ALSA devices without a sound card, for every process that starts while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="kallphone-bench-") as folder:
        runtime = Path(folder)  # a socket's path must be short
        bed = SoundBed(f"unix:{runtime / 'native'}")
        asoundrc = runtime / "asound.conf"
        asoundrc.write_text("".join(_pcm(bed, side) for side in "ab"))
        variables = {
            "ALSA_CONFIG_PATH": str(asoundrc),
            "PULSE_SERVER": bed.server,
            "PULSE_RUNTIME_PATH": folder,
            "PULSE_STATE_PATH": folder,
            "PULSE_COOKIE": str(runtime / "cookie"),
        }
        with _environment(variables):
            server = Process("pulseaudio", _command(runtime), logs)
            try:
                await server.start()
                await server.ready(lambda: _exists(runtime / "native"))
                yield bed
            finally:
                await server.stop()


def _command(runtime: Path) -> list[str]:
    socket = f"module-native-protocol-unix socket={runtime / 'native'} auth-anonymous=1"
    # Without norewinds a null sink keeps almost two seconds.
    shape = "rate=48000 channels=1 format=s16le norewinds=1"
    sinks = [f"module-null-sink sink_name={name} {shape}" for name in SINKS]
    options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"]
    # The sinks first: who finds the socket may use them.
    return ["pulseaudio", *options, *(f"--load={module}" for module in (*sinks, socket))]


def _pcm(bed: SoundBed, side: str) -> str:
    return _PCM.format(name=bed.device(side), server=bed.server, side=side)


async def _exists(path: Path) -> bool:
    return path.exists()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
