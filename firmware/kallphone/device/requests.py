from __future__ import annotations

from typing import Literal, get_args

from kallphone.device.layout import Layout

Request = Literal["update", "wifi", "reset", "export"]


def ask_root(layout: Layout, request: str) -> None:
    """Wakes the path unit of that name; asking twice is asking once. Raises OSError."""
    if request not in get_args(Request):
        raise ValueError(f"root does {', '.join(get_args(Request))}, not {request}")
    layout.requests.mkdir(parents=True, exist_ok=True)
    (layout.requests / request).touch()


def done(layout: Layout, request: Request) -> None:
    """Root's: a request that comes from now on is another one."""
    (layout.requests / request).unlink(missing_ok=True)
