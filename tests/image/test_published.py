"""What lies beside the image: its sums, Imager's entry, its own update."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.image.report import tell

pytestmark = pytest.mark.image

LARGEST_MB = 200


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def test_sums_and_imagers_entry_are_those_of_the_files(image: Path):
    folder = image.parent
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert {image.name, f"{image.name}.xz", "update/system.squashfs"} <= sums.keys()
    assert {name: sha256(folder / name) for name in sums} == sums
    (entry,) = json.loads((folder / "imager.json").read_text())["os_list"]
    packed = folder / f"{image.name}.xz"
    assert entry["url"] == packed.resolve().as_uri()
    assert (entry["extract_size"], entry["extract_sha256"]) == (image.stat().st_size, sums[image.name])
    assert entry["image_download_sha256"] == sums[packed.name]
    assert entry["image_download_size"] == packed.stat().st_size < LARGEST_MB * 1_000_000
    tell(image_mb=packed.stat().st_size / 1e6, card_mb=image.stat().st_size / 1e6)
