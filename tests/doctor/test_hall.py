from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kallphone.doctor.hall import Hall, told_to_stop
from kallphone.doctor.stage import Ended
from kallphone.languages import translation

PATIENCE_S = 20.0


@contextmanager
def a_signal_that_wakes_nobody(number: signal.Signals) -> Iterator[threading.Event]:
    """As if it came between the last look of the main thread and its sleep, once the event is set.

    Another thread takes it, and has the interpreter no sooner than the main thread gives it up to sleep.
    """
    go = threading.Event()

    def take() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        go.wait()
        signal.raise_signal(number)

    interval, mask = sys.getswitchinterval(), signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    thread = threading.Thread(target=take)
    thread.start()
    sys.setswitchinterval(PATIENCE_S)
    try:
        yield go
    finally:
        sys.setswitchinterval(interval)
        thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_wait_that_it_does_not_interrupt(number: signal.Signals) -> None:
    hall = Hall(translation("en"))
    handler = signal.getsignal(number)
    with told_to_stop(hall.end), a_signal_that_wakes_nobody(number) as go:
        go.set()
        with pytest.raises(Ended):
            hall.wait(PATIENCE_S)
    assert signal.getsignal(number) is handler
