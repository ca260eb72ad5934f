from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from kallphone.device.layout import Layout
from kallphone.doctor.machine import Machine
from kallphone.doctor.system import read_json
from kallphone.phone.device import DeviceAction, DeviceFacts
from kallphone.phone.events import DeviceAnswered
from kallphone.phone.words import N_
from kallphone.ports import Post
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)

EXPORTED = "export.json"
"""Below layout.run: {"words": text, "failed": true or false}, what came of the last `--to-usb`."""

EXPORT_S = 150.0
LOOK_S = 0.5


class DeviceDesk:
    """What the menu asks of the box: the phone ends for another mode, or root is asked for something.

    `leave` is given the mode that comes next, `request` the name of what root is to do; it raises OSError.
    """

    def __init__(
        self,
        layout: Layout,
        facts: DeviceFacts,
        post: Post,
        *,
        leave: Callable[[str], None],
        request: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.facts: DeviceFacts | None = facts
        self._exported = layout.run / EXPORTED
        self._post = post
        self._leave = leave
        self._request = request
        self._clock = clock
        self._thread = TaskThread("device")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def ask(self, action: DeviceAction) -> None:
        if action.ends_the_phone:
            self._leave(action.value)
        else:
            self._thread.submit(lambda: self._asked(action))

    def _asked(self, action: DeviceAction) -> None:
        try:
            self._exported.unlink(missing_ok=True)
            self._request(action.value)
        except OSError as error:
            log.warning("%s could not be asked for: %s", action.value, error)
            self._post(
                DeviceAnswered(action, N_("It could not be asked for. Switch off and on, then try again."))
            )
            return
        if action is DeviceAction.EXPORT:
            self._post(DeviceAnswered(action, self._exported_words()))

    def _exported_words(self) -> str:
        until = self._clock() + EXPORT_S
        while self._clock() < until:
            with suppress(OSError, ValueError, TypeError, KeyError):
                return str(json.loads(self._exported.read_text(encoding="utf-8"))["words"])
            if self._thread.stopping.wait(LOOK_S):
                break
        return N_("No answer came. Look at the self-test, then try again.")


def device_facts(machine: Machine, layout: Layout) -> DeviceFacts:
    """The serial is the Raspberry Pi's own, "?" where the kernel tells none."""
    release = read_json(machine, layout.release) or {}
    serial = (machine.read("/proc/device-tree/serial-number") or "").rstrip("\0")
    return DeviceFacts(str(release.get("version", "?")), serial or "?")
