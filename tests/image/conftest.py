from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.guest import has_qemu
from tests.image.releases import Maker
from tests.image.town import Town, open_town

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "build" / "image" / "kallphone.img"


@pytest.fixture(scope="session")
def image() -> Path:
    """The image under test, never changed: every card is a copy."""
    found = Path(os.environ.get("KALLPHONE_IMAGE", IMAGE))
    if not found.is_file():
        pytest.fail(
            f"no image at {found}: run `make image` first, or name one in KALLPHONE_IMAGE", pytrace=False
        )
    if not has_qemu():
        pytest.fail("no qemu-system-aarch64: install qemu-system-arm", pytrace=False)
    return found


@pytest.fixture(scope="session")
def maker(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    key = Path(os.environ.get("KALLPHONE_UPDATE_KEY", ROOT / "build" / "update-key"))
    if not key.is_file():
        pytest.fail(
            f"no key at {key} to sign updates: name the image's in KALLPHONE_UPDATE_KEY", pytrace=False
        )
    return Maker(image, key, tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as town:
        yield town
