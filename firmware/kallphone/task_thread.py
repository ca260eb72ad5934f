from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

Task = Callable[[], None]

STOP_S = 10.0


class TaskThread:
    """One thread that runs what it is handed, in order. A task answers for its own errors."""

    def __init__(self, name: str) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.stopping = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Drops what has not begun and waits for what has, though not longer than STOP_S."""
        self.stopping.set()
        self._tasks.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def submit(self, task: Task) -> None:
        self._tasks.put(task)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None and not self.stopping.is_set():
            try:
                task()
            except Exception:
                log.exception("a task of the %s thread failed", self._thread.name)
