from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kallphone.demo.process import DemoError, Process, accepts, free_ports
from tests.bench.sound_bed import SoundBed

HOST = "127.0.0.1"
CALL_S = 30.0

# Opus and the jitter buffer (20 to 200 ms) set like the phone's (kallphone/sip/audio.py): with the 100 ms
# that it ships with, its mouth to ear is 80 ms longer. audio_buffer as it ships: a smaller one gains nothing.
_CONFIG = """\
poll_method epoll
sip_listen {host}:{sip}
net_interface {host}
call_max_calls 4
audio_player alsa,{device}
audio_source alsa,{device}
audio_alert alsa,{device}
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
jitter_buffer_delay 1-10
rtcp_mux yes
module_path /usr/lib/baresip/modules
module opus.so
module alsa.so
module srtp.so
module dtls_srtp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
statmode_default off
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
opus_bitrate 48000
opus_application voip
opus_stereo no
opus_sprop_stereo no
opus_inbandfec yes
opus_packet_loss 10
opus_complexity 5
"""
_ACCOUNT = "<sip:{name}@{host}:{sip}>;regint=0;mediaenc=dtls_srtp;audio_codecs=opus/48000/1;answermode=auto\n"


@dataclass(frozen=True)
class BaresipCall:
    """A call between two of them; the processes' ids."""

    caller: int
    callee: int


@asynccontextmanager
async def baresip_call(bed: SoundBed, folder: Path) -> AsyncIterator[BaresipCall]:
    """Opus over DTLS-SRTP between two baresips, a and b, on the handsets of the bed, with sound flowing."""
    async with AsyncExitStack() as stack:
        a, b = (_Baresip(bed, side, folder / f"baresip-{side}") for side in "ab")
        for one in (a, b):
            stack.push_async_callback(one.stop)
            await one.start()
        await a.command("dial", b.uri)
        for one in (a, b):
            await one.event("CALL_RTPESTAB")
        yield BaresipCall(a.pid, b.pid)


class _Baresip:
    """One baresip, steered by its control port: JSON in netstrings."""

    def __init__(self, bed: SoundBed, side: str, folder: Path) -> None:
        sip, self._control = free_ports(2)
        self.uri = f"sip:{side}@{HOST}:{sip}"
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        device = bed.device(side)
        config = _CONFIG.format(host=HOST, sip=sip, control=self._control, device=device)
        (folder / "config").write_text(config)
        (folder / "accounts").write_text(_ACCOUNT.format(name=side, host=HOST, sip=sip))
        self._process = Process(f"baresip-{side}", ["baresip", "-f", str(folder)], folder)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def pid(self) -> int:
        own = psutil.Process().children()
        return next(child.pid for child in own if str(self._folder) in child.cmdline())

    async def start(self) -> None:
        await self._process.start()
        await self._process.ready(lambda: accepts(HOST, self._control))
        self._streams = await asyncio.open_connection(HOST, self._control)

    async def stop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        await self._process.stop()

    async def command(self, name: str, params: str) -> None:
        assert self._streams is not None
        order = json.dumps({"command": name, "params": params}).encode()
        self._streams[1].write(b"%d:%s," % (len(order), order))
        await self._streams[1].drain()

    async def event(self, kind: str) -> None:
        """Waits for it; what comes before is dropped."""
        try:
            async with asyncio.timeout(CALL_S):
                while (await self._next()).get("type") != kind:
                    pass
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            raise DemoError(f"baresip did not come to {kind}; see {self._folder}") from error

    async def _next(self) -> dict[str, Any]:
        assert self._streams is not None
        reader = self._streams[0]
        length = await reader.readuntil(b":")
        said: dict[str, Any] = json.loads(await reader.readexactly(int(length[:-1])))
        await reader.readexactly(1)
        return said
