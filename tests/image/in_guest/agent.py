"""Does in the guest what the tests outside ask for, one JSON line after the other on a virtio port.

{"run": "shell words", "within": seconds} {"press": "123", "hold": seconds} {"hook": "off"|"on"}
{"pins": {...}} (once, before hands) are answered by {"code": 0, "out": "...", "error": "..."}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hands import SETTLES_S, Hands
from settle import SlowPins

PORTS = Path("/sys/class/virtio-ports")
NAME = "kall.agent"


class Agent:
    def __init__(self) -> None:
        self._hands: Hands | None = None

    def do(self, order: dict[str, Any]) -> dict[str, Any]:
        match order:
            case {"run": str(words)}:
                return _run(words, float(order.get("within", 60)))
            case {"pins": dict(pins)}:
                slow = SlowPins(SETTLES_S)
                self._hands = Hands(pins, lambda on: slow.turn(on=on))
            case {"press": str(keys)} if self._hands:
                self._hands.press(keys, float(order.get("hold", 0)))
            case {"hook": "off"} if self._hands:
                self._hands.lift()
            case {"hook": "on"} if self._hands:
                self._hands.lower()
            case _:
                raise ValueError(f"no such order, or no pins yet: {order}")
        return {"code": 0, "out": ""}


def _run(words: str, within_s: float) -> dict[str, Any]:
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=within_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        return {"code": 124, "out": str(late.output or b"", "utf-8", "replace")}
    return {"code": done.returncode, "out": done.stdout}


def _port() -> Path:
    for each in PORTS.iterdir():
        if (each / "name").read_text().strip() == NAME:
            return Path("/dev") / each.name
    raise FileNotFoundError(f"no virtio port {NAME}")


def main() -> None:
    agent = Agent()
    with _port().open("r+b", buffering=0) as link:

        def say(answer: dict[str, Any]) -> None:
            link.write(json.dumps(answer).encode() + b"\n")

        say({"ready": Path("/proc/uptime").read_text().split()[0]})
        waiting = b""
        while chunk := link.read(65536):
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                try:
                    say(agent.do(json.loads(line)))
                except Exception as error:  # whatever it is, the tests outside must read it
                    say({"code": 1, "error": f"{type(error).__name__}: {error}"})
    sys.exit("the tests are gone")


if __name__ == "__main__":
    main()
