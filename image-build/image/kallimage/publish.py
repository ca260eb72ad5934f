"""What is handed out: the image, sums, lists of all that is in it, an entry for Imager, an update."""

import datetime
import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallphone.update.signing import sign_release

from .archive import Package
from .signing import Signer
from .stages import file_sha256, output_of

_DEVICES = ("pi5-64bit", "pi4-64bit", "pi3-64bit")


@dataclass(frozen=True)
class Release:
    version: str
    build: int                    # Unix time of the last commit
    packages: Sequence[Package]   # Debian's
    wheels: Sequence[Path]


def compress(image: Path) -> Path:
    """`image`.xz, on all CPUs, the same bytes each time."""
    packed = image.with_name(f"{image.name}.xz")
    # Blocks of a fixed size: their number must not follow from the number of CPUs.
    output_of(["xz", "-T0", "-6", "--block-size=24MiB", "--keep", "--force", image])
    return packed


def imager_entry(image: Path, packed: Path, release: Release) -> dict[str, Any]:
    """The list that Raspberry Pi Imager reads with `--repo`; it names files beside itself."""
    day = datetime.datetime.fromtimestamp(release.build, datetime.UTC).date()
    return {"os_list": [{
        "name": "KallPhone",
        "description": f"A desk phone, version {release.version}",
        "icon": "icons/cat_misc_utility_images.png",
        "url": packed.resolve().as_uri(),
        "extract_size": image.stat().st_size,
        "extract_sha256": file_sha256(image),
        "image_download_size": packed.stat().st_size,
        "image_download_sha256": file_sha256(packed),
        "release_date": day.isoformat(),
        "devices": list(_DEVICES),
        "init_format": "none",
        "architecture": "armv8",
    }]}


def package_list(release: Release) -> str:
    """One line for each part, tab-separated: kind, name, version, sha256."""
    rows = [("deb", part.name, part.version, part.sha256) for part in release.packages]
    rows += [("wheel", *_named(wheel), file_sha256(wheel)) for wheel in release.wheels]
    return "".join("\t".join(row) + "\n" for row in sorted(rows))


def bill_of_materials(release: Release, sha256: str) -> dict[str, Any]:
    """A CycloneDX 1.5 list of all software in the system whose digest is `sha256`."""
    parts = [_component("library", part.name, part.version, part.sha256,
                        f"pkg:deb/debian/{part.name}@{part.version}?arch={part.architecture}")
             for part in release.packages]
    for wheel in release.wheels:
        name, version = _named(wheel)
        parts.append(_component("library", name, version, file_sha256(wheel), f"pkg:pypi/{name}@{version}"))
    moment = datetime.datetime.fromtimestamp(release.build, datetime.UTC)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(hex=sha256[:32], version=4)}",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "operating-system", "name": "kallphone", "version": release.version,
                          "hashes": [{"alg": "SHA-256", "content": sha256}]},
        },
        "components": sorted(parts, key=lambda part: part["purl"]),
    }


def publish(out: Path, image: Path, system: Path, release: Release, signer: Signer) -> None:
    """Write beside `image` all that goes with it."""
    packed = compress(image)
    (out / "packages.tsv").write_text(package_list(release))
    _write_json(out / "sbom.cdx.json", bill_of_materials(release, file_sha256(system)))
    update = out / "update"
    shutil.rmtree(update, ignore_errors=True)
    update.mkdir()
    shutil.copyfile(system, update / "system.squashfs")
    sign_release(update, release.version, release.build, signer.key, keys_json=signer.hand_overs)
    names = [packed.name, image.name, "packages.tsv", "sbom.cdx.json",
             *sorted(f"update/{path.name}" for path in update.iterdir())]
    (out / "SHA256SUMS").write_text("".join(f"{file_sha256(out / name)}  {name}\n" for name in names))


def write_imager_entry(out: Path, release: Release) -> None:
    """imager.json in `out`: it holds the place where the image lies."""
    image = out / "kallphone.img"
    _write_json(out / "imager.json", imager_entry(image, out / "kallphone.img.xz", release))


def _component(kind: str, name: str, version: str, sha256: str, purl: str) -> dict[str, Any]:
    return {"type": kind, "name": name, "version": version, "purl": purl.replace("+", "%2B"),
            "hashes": [{"alg": "SHA-256", "content": sha256}]}


def _named(wheel: Path) -> tuple[str, str]:
    name, version = wheel.name.split("-")[:2]
    return name.replace("_", "-"), version


def _write_json(place: Path, value: object) -> None:
    place.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
