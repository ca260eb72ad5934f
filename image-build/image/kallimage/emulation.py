"""Programs of arm64 on this machine: Debian 13's qemu, known to the kernel while it is needed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .stages import BuildError, output_of

_MISC = Path("/proc/sys/fs/binfmt_misc")
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


@contextmanager
def arm64_programs(qemu: Path) -> Iterator[None]:
    """Have the kernel run arm64 programs, in chroots too, by `qemu`: a statically linked qemu-aarch64."""
    if not (_MISC / "register").exists():
        output_of(["mount", "-t", "binfmt_misc", "binfmt_misc", _MISC])
    # Another build on this machine has its own.
    name = f"kallphone-arm64-{os.getpid()}"
    entry = _MISC / name
    # Of several entries that fit, the kernel takes the newest; F opens qemu now, outside of any chroot.
    (_MISC / "register").write_text(f":{name}:M::{_MAGIC}:{_MASK}:{qemu}:F")
    try:
        yield
    except OSError as error:
        raise BuildError(f"this kernel can't be taught to run arm64 programs: {error}") from None
    finally:
        if entry.exists():
            entry.write_text("-1")
