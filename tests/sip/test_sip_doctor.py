"""The doctor's tone through ALSA devices of a real sound server, an ear that its own microphone hears."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests.bench import sound_bed

pytestmark = pytest.mark.sip

# ALSA reads its configuration once in a process.
PROGRAM = """
import sys
from kallphone.doctor.sound import AlsaAir, SoundFailed, measure, pattern_of_tone
try:
    loop = measure(AlsaAir(sys.argv[1]).through(pattern_of_tone()))
    print("heard" if loop.heard else "silent" if loop.silent else "noise")
except SoundFailed:
    print("failed")
"""


@pytest.mark.parametrize(
    ("device", "microphone", "told"),
    [
        ("handset_a", "{side}_ear", "heard"),
        ("handset_a", "{side}_mic", "silent"),
        ("nonsense", "{side}_ear", "failed"),
    ],
)
def test_an_ear_is_heard_by_its_microphone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, microphone: str, told: str
) -> None:
    loop = sound_bed._PCM.replace("{side}_mic.monitor", microphone + ".monitor")
    monkeypatch.setattr(sound_bed, "_PCM", loop)

    async def listen() -> str:
        async with sound_bed.sound_bed(tmp_path):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PROGRAM, device, stdout=asyncio.subprocess.PIPE
            )
            said, _ = await process.communicate()
            return said.decode().strip()

    assert asyncio.run(listen()) == told
