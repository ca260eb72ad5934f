"""Write a binary wheel by the format of PEP 427, reproducibly: same files in, same bytes out."""

import base64
import hashlib
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_wheel(out: Path, name: str, version: str, tag: str, files: dict[str, Path], summary: str) -> Path:
    """Pack `files` (path inside the wheel -> file) as `name`-`version`-`tag`.whl into the directory `out`."""
    info = f"{name}-{version}.dist-info"
    members = {inside: path.read_bytes() for inside, path in files.items()}
    members[f"{info}/METADATA"] = _metadata(name, version, summary)
    members[f"{info}/WHEEL"] = _wheel_header(tag)
    record = f"{info}/RECORD"
    members[record] = _record(members, record)
    wheel = out / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, content in members.items():
            archive.writestr(_entry(inside), content)
    return wheel


def _entry(inside: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(inside, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    mode = 0o755 if inside.endswith(".so") else 0o644
    entry.external_attr = (0o100000 | mode) << 16
    return entry


def _metadata(name: str, version: str, summary: str) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Summary: {summary}",
             "License: GPL-2.0-or-later", "Requires-Python: >=3.11"]
    return ("\n".join(lines) + "\n").encode()


def _wheel_header(tag: str) -> bytes:
    lines = ["Wheel-Version: 1.0", "Generator: kallphone", "Root-Is-Purelib: false", f"Tag: {tag}"]
    return ("\n".join(lines) + "\n").encode()


def _record(members: dict[str, bytes], record: str) -> bytes:
    lines = []
    for inside, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{inside},sha256={digest},{len(content)}")
    return ("\n".join([*lines, f"{record},,"]) + "\n").encode()
