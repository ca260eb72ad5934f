"""The initramfs: busybox, a few modules and one script, packed the same way each time."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from .kernel import release_of
from .prune import modules_named, read_dependencies
from .stages import BuildError, output_of

_TOOLS = ("basename", "cat", "cut", "dd", "dirname", "echo", "find", "grep", "head", "mkdir", "modprobe",
          "mount", "printf", "reboot", "sh", "sha256sum", "sleep", "sort", "switch_root", "sync", "tr",
          "umount", "xargs")


def build_initrd(out: Path, kernel: Path, scripts: Sequence[Path], names: Sequence[str],
                 configs: dict[str, bytes]) -> None:
    """Write `out`/initrd.img, packed by zstd.

    `scripts`: its /init, and what that reads from /kall; `names`: modules; `configs`: /kall/config.SLOT.
    """
    tree = out / "tree"
    for part in ("bin", "sbin", "kall", "proc", "sys", "dev"):
        (tree / part).mkdir(parents=True)
    shutil.copy2(kernel / "busybox", tree / "bin/busybox")
    for tool in _TOOLS:
        (tree / "bin" / tool).symlink_to("busybox")
    # Where the kernel itself looks when a file system wants a driver.
    (tree / "sbin/modprobe").symlink_to("../bin/busybox")
    shutil.copy2(scripts[0], tree / "init")
    for script in scripts[1:]:
        shutil.copy2(script, tree / "kall")
    for slot, content in configs.items():
        (tree / f"kall/config.{slot}").write_bytes(content)
    _modules(tree, kernel, names)
    archive = out / "initrd.cpio"
    archive.write_bytes(cpio(tree))
    output_of(["zstd", "-q", "-19", "-T0", "--rm", archive, "-o", out / "initrd.img"])
    shutil.rmtree(tree)


def _modules(tree: Path, kernel: Path, names: Sequence[str]) -> None:
    release = release_of(kernel)
    source = kernel / "root/usr/lib/modules" / release
    to = tree / "lib/modules" / release
    dependencies = read_dependencies((source / "modules.dep").read_text())
    try:
        files = modules_named(dependencies, names, (source / "modules.builtin").read_text().split())
    except KeyError as error:
        raise BuildError(f"this kernel has no module {error}: see initramfs/modules.txt") from None
    for file in files:
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / file, to / file)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy2(source / name, to / name)
    output_of(["depmod", "-b", tree, release])
    for name in ("modules.builtin.modinfo", "modules.dep.bin", "modules.alias.bin", "modules.symbols.bin"):
        (to / name).unlink()


def cpio(tree: Path) -> bytes:
    """`tree` in the format that the kernel unpacks ("newc"): names sorted, owned by root, no times."""
    parts = []
    for number, path in enumerate(sorted(tree.rglob("*")), start=1):
        mode = path.lstat().st_mode
        content = b""
        if path.is_symlink():
            content = str(path.readlink()).encode()
        elif path.is_file():
            content = path.read_bytes()
        parts.append(_member(str(path.relative_to(tree)), number, mode, content))
    parts.append(_member("TRAILER!!!", 0, 0, b""))
    return b"".join(parts)


def _member(name: str, number: int, mode: int, content: bytes) -> bytes:
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return _to_four(head) + _to_four(content)


def _to_four(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)
