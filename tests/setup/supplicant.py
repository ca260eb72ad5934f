"""wpa_supplicant's control socket with networks in reach, as far as a phone talks to it."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

SCAN = (
    "bssid / frequency / signal level / flags / ssid\n"
    "02:00:00:00:00:01\t2437\t-60\t[WPA2-PSK-CCMP][ESS]\tHome\n"
    "02:00:00:00:00:02\t5180\t-48\t[WPA2-PSK+SAE-CCMP][ESS]\tHome\n"
    '02:00:00:00:00:03\t2412\t-71\t[ESS]\tCaf\\xc3\\xa9 \\"1\\"\n'
    "02:00:00:00:00:04\t2412\t-40\t[WPA2-EAP-CCMP][ESS]\tOffice\n"
    "02:00:00:00:00:05\t2412\t-41\t[WEP][ESS]\tOld\n"
    "02:00:00:00:00:06\t2412\t-42\t[WPA2-PSK-CCMP][ESS]\t\n"
    "02:00:00:00:00:07\t2412\t-43\t[WPA2-PSK-CCMP][ESS]\t\\x00\\x00\\x00\n"
    "02:00:00:00:00:08\t2412\t-80\t[RSN-SAE-CCMP][ESS]\tSafe\n"
    "02:00:00:00:00:09\t2412\t-81\t[RSN-OWE-CCMP][ESS]\tOwe\n"
)


@dataclass
class FakeSupplicant:
    """`passwords` by hex name. `saved` are the blocks of the last SAVE_CONFIG, `heard` all commands."""

    path: Path
    passwords: dict[str, str] = field(default_factory=lambda: {b"Home".hex(): '"kall1234"'})
    blocks: dict[int, dict[str, str]] = field(default_factory=dict)
    disabled: set[int] = field(default_factory=set)
    saved: dict[int, dict[str, str]] | None = None
    heard: list[str] = field(default_factory=list)
    refuses: str = ""
    stations: int = 0
    _listener: str = ""
    _next: int = 10

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"STOP", str(self.path))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            raw, sender = self._socket.recvfrom(4096)
            command = raw.decode()
            if command == "STOP":
                return
            self.heard.append(command)
            refused = self.refuses and command.startswith(self.refuses)
            answer, events = ("FAIL\n", []) if refused else self._answer(command, sender)
            self._socket.sendto(answer.encode(), sender)
            for event in events:
                self._socket.sendto(f"<3>{event}".encode(), self._listener)

    def _answer(self, command: str, sender: str) -> tuple[str, list[str]]:
        match command.split(" ", 4):
            case ["ATTACH"]:
                self._listener = sender
            case ["SCAN"]:
                return "OK\n", ["CTRL-EVENT-SCAN-STARTED ", "CTRL-EVENT-SCAN-RESULTS "]
            case ["SCAN_RESULTS"]:
                return SCAN, []
            case ["ADD_NETWORK"]:
                self._next += 1
                self.blocks[self._next] = {}
                return f"{self._next}\n", []
            case ["SET_NETWORK", number, name, *value]:
                self.blocks[int(number)][name] = " ".join(value)
            case ["SELECT_NETWORK", number]:
                self.disabled = set(self.blocks) - {int(number)}
                return "OK\n", self._selected(int(number))
            case ["ENABLE_NETWORK", "all"]:
                self.disabled = set()
            case ["REMOVE_NETWORK", number]:
                self.blocks.pop(int(number), None)
            case ["LIST_NETWORKS"]:
                rows = [
                    f"{number}\t{bytes.fromhex(block['ssid']).decode()}\tany\t"
                    for number, block in self.blocks.items()
                ]
                return "\n".join(["network id / ssid / bssid / flags", *rows]) + "\n", []
            case ["SAVE_CONFIG"]:
                assert not self.disabled, "a network would be kept switched off"
                self.saved = {number: dict(block) for number, block in self.blocks.items()}
            case ["STATUS"]:
                return "wpa_state=COMPLETED\nmode=station\nssid=Caf\\xc3\\xa9\n", []
            case ["STA-FIRST" | "STA-NEXT", *_]:
                return (
                    "02:00:00:00:00:11\nflags=x\n" if self.stations and command == "STA-FIRST" else ""
                ), []
        return "OK\n", []

    def _selected(self, number: int) -> list[str]:
        block = self.blocks[number]
        if block.get("mode") == "2":
            return ["AP-ENABLED "]
        ssid = block["ssid"]
        if ssid not in self.passwords:
            return ["CTRL-EVENT-NETWORK-NOT-FOUND "] * 3
        tried = ["SME: Trying to authenticate with 02:00:00:00:00:02"]
        if block.get("psk") == self.passwords[ssid]:
            return [*tried, "CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:02 completed"]
        failed = f'CTRL-EVENT-SSID-TEMP-DISABLED id={number} ssid="x" auth_failures=1 reason=WRONG_KEY'
        return [*tried, failed]
