import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from kallimage.archive import Package
from kallimage.publish import Release, bill_of_materials, imager_entry, package_list, publish
from kallimage.signing import Signer, signer_of
from kallimage.stages import BuildError

from kallphone.update.keys import parse_keys
from kallphone.update.signing import hand_over_files, make_key, read_key, trust_list
from kallphone.update.sources import Folder, signed_manifest

BUILD = 1_764_000_000
# What Raspberry Pi Imager's own schema (doc/json-schema/os-list-schema.json) asks of an entry.
REQUIRED = {"name": str, "description": str, "icon": str, "url": str, "extract_size": int,
            "extract_sha256": str, "image_download_size": int, "release_date": str}
OPTIONAL = {"init_format": str, "website": str}


@pytest.fixture
def release(tmp_path: Path) -> Release:
    wheel = tmp_path / "luma_oled-3.16.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    package = Package("libgcc-s1", "14.2.0-19+b1", "arm64", "libgcc-s1_14.2.0-19_arm64.deb", 1, "ab" * 32)
    return Release("0.1.0", BUILD, [package], [wheel])


def faults(told: dict[str, Any]) -> list[str]:
    found = [f"unknown {key}" for key in told if key not in ("imager", "os_list")]
    for entry in told["os_list"]:
        found += [f"{key} is missing" for key in REQUIRED if key not in entry]
        found += [f"{key} is no {kind.__name__}" for key, kind in (REQUIRED | OPTIONAL).items()
                  if key in entry and not isinstance(entry[key], kind)]
    return found


def test_imagers_entry_is_as_its_schema_asks_and_its_hashes_are_the_files(tmp_path: Path, release: Release):
    image, packed = tmp_path / "kallphone.img", tmp_path / "kallphone.img.xz"
    image.write_bytes(b"image" * 100)
    packed.write_bytes(b"packed")
    told = imager_entry(image, packed, release)
    assert faults(told) == []
    entry = told["os_list"][0]
    assert entry["extract_size"] == 500
    assert entry["extract_sha256"] == hashlib.sha256(b"image" * 100).hexdigest()
    assert entry["image_download_sha256"] == hashlib.sha256(b"packed").hexdigest()
    assert entry["release_date"] == "2025-11-24"
    # Imager must not write a first-run script of its own.
    assert entry["init_format"] == "none"
    assert entry["url"] == packed.as_uri()


def test_the_check_itself_sees_what_is_wrong():
    entry = dict.fromkeys(REQUIRED, "text")
    assert faults({"os_list": [entry], "more": 1}) == [
        "unknown more", "extract_size is no int", "image_download_size is no int"]


def test_the_list_of_parts_names_each_with_version_and_digest(release: Release):
    assert package_list(release).splitlines() == [
        f"deb\tlibgcc-s1\t14.2.0-19+b1\t{'ab' * 32}",
        f"wheel\tluma-oled\t3.16.0\t{hashlib.sha256(b'wheel').hexdigest()}",
    ]


def test_the_bill_of_materials_is_the_same_for_the_same_system(release: Release):
    first = bill_of_materials(release, "cd" * 32)
    assert json.dumps(first) == json.dumps(bill_of_materials(release, "cd" * 32))
    assert first["serialNumber"] != bill_of_materials(release, "ef" * 32)["serialNumber"]
    assert (first["bomFormat"], first["specVersion"]) == ("CycloneDX", "1.5")
    # "+" would be a blank in a package URL.
    assert [part["purl"] for part in first["components"]] == [
        "pkg:deb/debian/libgcc-s1@14.2.0-19%2Bb1?arch=arm64", "pkg:pypi/luma-oled@3.16.0"]


def test_a_development_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path):
    place = tmp_path / "build/update-key"
    first = signer_of(None, None, place)
    assert first.development
    assert place.stat().st_mode & 0o077 == 0
    assert signer_of(None, None, place).trusted == first.trusted
    assert not signer_of(place, None, tmp_path / "other").development


def test_a_key_that_was_named_is_never_made_up(tmp_path: Path):
    with pytest.raises(BuildError, match="can't be read"):
        signer_of(tmp_path / "missing", None, tmp_path / "development")
    (tmp_path / "junk").write_text("junk")
    (tmp_path / "junk").chmod(0o600)
    with pytest.raises(BuildError, match="64 hexadecimal digits"):
        signer_of(tmp_path / "junk", None, tmp_path / "development")


@pytest.fixture
def handed_over(tmp_path: Path) -> Path:
    """A maker's folder: first, second and third are keys, each handed over to the next."""
    folder = tmp_path / "maker"
    publics = {name: make_key(folder / name) for name in ("first", "second", "third")}
    (folder / "update-keys.json").write_bytes(trust_list([publics["first"]]))
    (tmp_path / "shelf.json").write_bytes((folder / "update-keys.json").read_bytes())
    for old, new in (("first", "second"), ("second", "third")):
        signer = read_key(folder / old)
        hand_over_files(folder / "update-keys.json", folder / "keys.json", signer, [publics[new]])
    return folder


def published(tmp_path: Path, release: Release, signer: Signer) -> Folder:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("kallphone.img", "system.squashfs"):
        (out / name).write_bytes(name.encode() * 100)
    publish(out, out / "kallphone.img", out / "system.squashfs", release, signer)
    return Folder(out / "update")


def test_what_is_published_is_taken_by_its_own_image_and_by_one_from_before_two_hand_overs(
        tmp_path: Path, release: Release, handed_over: Path):
    signer = signer_of(handed_over / "third", handed_over, tmp_path / "development")
    assert not signer.development
    folder = published(tmp_path, release, signer)
    for image in (signer.trusted, (tmp_path / "shelf.json").read_bytes()):
        manifest, newest = signed_manifest(folder, parse_keys(image))
        assert (manifest.build, newest.serial) == (BUILD, 2)
        assert manifest.sha256 == hashlib.sha256(b"system.squashfs" * 100).hexdigest()
    sums = (tmp_path / "out/SHA256SUMS").read_text()
    assert all(f"  update/{name}\n" in sums for name in ("keys.json", "manifest.json", "manifest.sig"))


def test_without_a_hand_over_an_image_takes_what_its_key_signs(tmp_path: Path, release: Release):
    signer = signer_of(None, None, tmp_path / "development")
    manifest, newest = signed_manifest(published(tmp_path, release, signer), parse_keys(signer.trusted))
    assert (manifest.version, newest.serial) == ("0.1.0", 0)


def test_what_no_phone_would_take_is_not_built(tmp_path: Path, handed_over: Path):
    with pytest.raises(BuildError, match="not trusted by now"):
        signer_of(handed_over / "second", handed_over, tmp_path / "development")
    (handed_over / "update-keys.json").write_bytes((tmp_path / "shelf.json").read_bytes())
    with pytest.raises(BuildError, match="not of the same hand-over"):
        signer_of(handed_over / "first", handed_over, tmp_path / "development")
    (handed_over / "keys.json").unlink()
    with pytest.raises(BuildError, match="can't be read"):
        signer_of(handed_over / "first", handed_over, tmp_path / "development")
