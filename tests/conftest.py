from __future__ import annotations

import sys

from hypothesis import settings

# A busy machine is no failure.
settings.register_profile("kallphone", deadline=None)
settings.load_profile("kallphone")

_LIMIT = 1000


def pytest_collection_finish() -> None:
    """As in a phone: py_ecc, which oracles import, lifts it so far that deep JSON overflows the C stack."""
    sys.setrecursionlimit(_LIMIT)
