"""The power fails: a process of its own ends before its n-th change of a disk, and cleans nothing up."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kallphone.storage.database import Database

_CUT = 9
_DONE = 0
_FAILED = 1


def cut_before(change: int, run: Callable[[], object]) -> bool:
    """Whether the power went; False when `run` was done with fewer changes."""
    child = os.fork()
    if child == 0:
        os._exit(_run(change, run))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (_CUT, _DONE), f"the process ended with {code}"
    return code == _CUT


def _run(change: int, run: Callable[[], object]) -> int:
    left = [change]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def change_of_disk(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os._exit(_CUT)
            return function(*arguments, **named)

        return change_of_disk

    for place, name in ((os, "fsync"), (os, "link"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir")):
        setattr(place, name, counted(getattr(place, name)))
    Database.transaction = contextmanager(  # type: ignore[method-assign]
        counted(Database.transaction.__wrapped__)  # type: ignore[attr-defined]
    )
    try:
        run()
    except BaseException:
        import traceback

        traceback.print_exc()
        return _FAILED
    return _DONE
