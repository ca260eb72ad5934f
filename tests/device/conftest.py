from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kallphone.device.layout import Layout
from tests.device.fakes import Manager


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A flashed phone's folders, without a configuration."""
    layout = Layout.below(tmp_path)
    for folder in (layout.state, layout.system, layout.boot, layout.run, layout.share):
        folder.mkdir(parents=True)
    return layout


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()
