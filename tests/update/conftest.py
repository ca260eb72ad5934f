from __future__ import annotations

from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.update.world import NEW, World, make_release


@pytest.fixture
def key() -> SigningKey:
    return SigningKey(bytes(range(32)))


@pytest.fixture
def world(tmp_path: Path, key: SigningKey) -> World:
    """A phone that runs OLD in system a."""
    return World(tmp_path / "phone", key)


@pytest.fixture
def release(tmp_path: Path, key: SigningKey) -> Path:
    """A folder with NEW."""
    make_release(tmp_path / "release", NEW, key)
    return tmp_path / "release"
