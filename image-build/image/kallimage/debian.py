"""Debian's packages as root file systems: configured ones of arm64, bare ones that only run programs."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .archive import Archive, Package, unpack
from .emulation import arm64_programs
from .stages import BuildError, Stages, output_of

# Under emulation these take minutes; what they make is made natively, or is not wanted.
_STUBBED = ("usr/bin/py3compile", "usr/bin/py3clean", "usr/bin/python3.13",
            "usr/sbin/update-ca-certificates", "usr/bin/systemd-hwdb")
_ENV = {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true", "LC_ALL": "C",
        "PATH": "/usr/sbin:/usr/bin", "SOURCE_DATE_EPOCH": "0"}
_FORCED = ("--force-architecture", "--force-depends", "--force-unsafe-io")


def lay_bare(root: Path, debs: Sequence[Path]) -> None:
    """Unpack `debs` without running any of their scripts: enough for compilers and interpreters."""
    for part in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / part).mkdir(parents=True, exist_ok=True)
        (root / part).symlink_to(f"usr/{part}")
    for deb in debs:
        unpack(deb, root)


def bootstrap(root: Path, packages: Sequence[Package], essential: Sequence[str], archive: Archive,
              qemu: Path, stages: Stages) -> None:
    """Install arm64 `packages` into the empty directory `root`, with their scripts run.

    This machine's dpkg unpacks, which is where the time goes under emulation; only the scripts are emulated.
    """
    debs = dict(zip((package.name for package in packages), archive.fetch(packages), strict=True))
    lay_bare(root, _first_of_all(debs, essential))
    (root / "usr/bin/awk").symlink_to("mawk")
    _empty_database(root)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    dpkg: list[str | Path] = ["dpkg", f"--root={root}", *_FORCED, "--log=/dev/null", "--no-triggers",
                              "--unpack"]
    with arm64_programs(qemu), kernel_file_systems(root):
        stages.run("rootfs", [*dpkg, debs["base-passwd"], debs["base-files"]], env=_ENV)
        stages.run("rootfs", [*dpkg, *debs.values()], env=_ENV)
        with stubbed(root):
            configure: list[str | Path] = ["chroot", root, "dpkg", "--force-unsafe-io", "--log=/dev/null"]
            stages.run("rootfs", [*configure, "--force-depends", "--configure", "base-passwd", "base-files"],
                       env=_ENV)
            stages.run("rootfs", [*configure, "--configure", "-a"], env=_ENV)
        flaws = output_of(["chroot", root, "dpkg", "--audit"])
    if flaws:
        raise BuildError(f"packages are not whole after their installation:\n{flaws}")
    policy.unlink()


def _first_of_all(debs: dict[str, Path], essential: Sequence[str]) -> list[Path]:
    """What the first script needs to run: the essential packages and their libraries."""
    return [debs[name] for name in debs
            if name in essential or name.startswith("lib") or name in ("mawk", "debconf", "zlib1g")]


def _empty_database(root: Path) -> None:
    place = root / "var/lib/dpkg"
    for part in ("info", "updates", "alternatives", "triggers"):
        (place / part).mkdir(parents=True, exist_ok=True)
    for name, content in (("status", ""), ("available", ""), ("arch", "arm64\n")):
        (place / name).write_text(content)


@contextmanager
def stubbed(root: Path) -> Iterator[None]:
    """Programs that do nothing in place of slow ones."""
    places = [root / name for name in _STUBBED]
    for place in places:
        place.rename(f"{place}.real")
        place.write_text("#!/bin/sh\nexit 0\n")
        place.chmod(0o755)
    try:
        yield
    finally:
        for place in places:
            Path(f"{place}.real").rename(place)


@contextmanager
def kernel_file_systems(root: Path) -> Iterator[None]:
    """/proc, /sys and /dev inside `root`, taken away again whatever happens."""
    mounts = {"proc": ["-t", "proc", "proc"], "sys": ["-t", "sysfs", "sysfs"], "dev": ["--bind", "/dev"]}
    done: list[Path] = []
    try:
        for name, what in mounts.items():
            place = root / name
            place.mkdir(exist_ok=True)
            output_of(["mount", *what, place])
            done.append(place)
        yield
    finally:
        for place in reversed(done):
            subprocess.run(["umount", "--lazy", place], check=False)
