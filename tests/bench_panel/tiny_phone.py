"""A phone of few words on the real panel: enough of one to hold, see and hear."""

from __future__ import annotations

import sys
import threading
from queue import SimpleQueue

from kallphone.bench.panel import Panel, claim_stdout
from kallphone.hardware.pins import load_pins
from kallphone.phone.events import Event, KeyPressed, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen, Size, TextLine
from kallphone.phone.sound import SILENCE, Ring, Sound
from kallphone.phone.tones import Tone

RING = Ring(((1.0, 4.0),))


class TinyPhone:
    def __init__(self, number: str) -> None:
        self.title = TextLine(f"{number[:3]} {number[3:6]} {number[6:]}", inverse=True)
        self.inbox: SimpleQueue[Event | None] = SimpleQueue()
        self.panel = Panel(load_pins(), self.inbox.put, self.quit, stdout=claim_stdout())
        self.digits = ""

    def quit(self) -> None:
        self.inbox.put(None)

    def run(self) -> None:
        self.panel.start()
        self.idle()
        while (event := self.inbox.get()) is not None:
            self.on(event)
        self.panel.report("Stopped", threads=threading.active_count())
        self.panel.stop()

    def on(self, event: Event) -> None:
        self.panel.report(type(event).__name__, account=b"\x01\x02", name="tiny", screen=["none"])
        match event:
            case OffHook():
                self.digits = ""
                self.show(TextLine("Dial", Size.LARGE), TextLine("Credit 5.00"))
                self.panel.hear(Sound(Tone.DIAL))
            case KeyPressed(key="*"):
                self.panel.ring(RING)
            case KeyPressed(key="#"):
                print("a print that is not for the panel")
                self.panel.light(line=Light.ON, message=Light.ON)
            case KeyPressed(key=key):
                self.digits += key
                self.show(TextLine("Dialling"), TextLine(self.digits, Size.LARGE))
                self.panel.hear(SILENCE)
            case OnHook():
                self.idle()

    def idle(self) -> None:
        self.show(TextLine("Ready", Size.LARGE))
        self.panel.hear(SILENCE)
        self.panel.ring(None)
        self.panel.light(line=Light.ON, message=Light.OFF)

    def show(self, *lines: TextLine) -> None:
        self.panel.show(Screen((self.title, *lines)))


TinyPhone(sys.argv[1]).run()
