"""The phone's system: Debian as bootstrapped, less what it does without, plus what is ours."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .network import network_files
from .prune import Rules, prune
from .stages import BuildError, output_of
from .wheels import lay_site

_SHARE = "usr/share/kallphone"
_BOOT = "usr/lib/kallphone/boot"


@dataclass(frozen=True)
class Parts:
    """What a system is put together from."""

    repo: Path              # the work tree
    overlay: Path           # files of the image's own, laid over the root
    kernel: Path            # of kernel.build_kernel
    initrd: Path            # initrd.img
    wheels: Sequence[Path]
    network: Path | None    # folder of network_files
    update_keys: bytes           # update-keys.json
    version: str
    build: int              # Unix time of the last commit: rises with each release
    masked: Sequence[str]   # systemd's units that are not wanted


def furnish(root: Path, parts: Parts, rules: Rules) -> None:
    """Turn the bootstrapped `root` into the phone's system."""
    for wants in (root / "etc/systemd/system").glob("*.wants"):
        shutil.rmtree(wants)
    _certificates(root)
    shutil.copytree(parts.kernel / "root", root, symlinks=True, dirs_exist_ok=True)
    shutil.copytree(parts.overlay, root, symlinks=True, dirs_exist_ok=True)
    _units(root, parts.repo / "systemd/phone")
    _boot_files(root, parts)
    _share(root, parts)
    lay_site(root / "opt/kallphone/site", parts.wheels, parts.repo)
    _users(root)
    prune(root, rules)
    _presets(root)
    _mask(root, parts.masked)
    _finish(root, parts.build)


def _certificates(root: Path) -> None:
    """What update-ca-certificates would have made, for programs that read one file."""
    bundle = b"".join(path.read_bytes().rstrip(b"\n") + b"\n"
                      for path in sorted((root / "usr/share/ca-certificates").rglob("*.crt")))
    if bundle.count(b"BEGIN CERTIFICATE") < 50:
        raise BuildError("Debian's certificates are not where they were")
    place = root / "etc/ssl/certs"
    shutil.rmtree(place)
    place.mkdir()
    (place / "ca-certificates.crt").write_bytes(bundle)


def _units(root: Path, source: Path) -> None:
    if not source.is_dir():
        raise BuildError(f"{source} is missing: the phone's units are part of this work tree")
    units = root / "usr/lib/systemd/system"
    for unit in sorted(source.iterdir()):
        if unit.suffix in (".service", ".timer", ".path", ".mount", ".target", ".socket"):
            shutil.copy2(unit, units)
        elif unit.suffix == ".preset":
            (root / "usr/lib/systemd/system-preset").mkdir(exist_ok=True)
            shutil.copy2(unit, root / "usr/lib/systemd/system-preset" / f"00-{unit.name}")
        elif unit.is_dir() and unit.name.endswith(".d"):
            shutil.copytree(unit, units / unit.name)
    shutil.copytree(source / "etc", root / "etc", symlinks=True, dirs_exist_ok=True)
    if (source / "share").is_dir():
        shutil.copytree(source / "share", root / _SHARE, dirs_exist_ok=True)


def _boot_files(root: Path, parts: Parts) -> None:
    boot = root / _BOOT
    shutil.copytree(parts.kernel / "boot", boot, dirs_exist_ok=True)
    shutil.copy2(parts.initrd, boot / "initrd.img")
    shutil.copy2(parts.repo / "hardware/kall.txt", boot / "kall.txt")
    overlays = boot / "overlays"
    overlays.mkdir()
    # Without this file the Pi's firmware looks for overlays outside of the system's folder.
    (overlays / "README").write_text("Device-tree overlays of this system\n")
    for source in sorted((parts.repo / "hardware/overlays").glob("*.dts")):
        compiled = overlays / f"{source.stem}.dtbo"
        output_of(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", compiled, source])


def _share(root: Path, parts: Parts) -> None:
    share = root / _SHARE
    share.mkdir(parents=True, exist_ok=True)
    shutil.copy2(parts.repo / "hardware/pins.toml", share)
    shutil.copy2(parts.repo / "hardware/overlays/handset.amixer", share)
    # Python's own idea of where a package's data lies, on Debian.
    local = root / "usr/local/share"
    local.mkdir(parents=True, exist_ok=True)
    (local / "kallphone").symlink_to("../../share/kallphone")
    (share / "release.json").write_text(json.dumps({"version": parts.version, "build": parts.build}) + "\n")
    (share / "update-keys.json").write_bytes(parts.update_keys)
    if parts.network:
        for file in network_files(parts.network):
            shutil.copyfile(file, share / file.name)


def _users(root: Path) -> None:
    output_of(["systemd-sysusers", f"--root={root}"], {"SOURCE_DATE_EPOCH": "0"})
    shadow = root / "etc/shadow"
    # Days since 1970 of the last change of a password: nobody has one.
    lines = [line.split(":") for line in shadow.read_text().splitlines()]
    shadow.write_text("".join(":".join([name, "!*", "1", *rest]) + "\n" for name, _, _, *rest in lines))


def _presets(root: Path) -> None:
    system = root / "etc/systemd/system"
    for place in (root / "usr/lib/systemd/system", system):
        for link in [path for path in place.rglob("*") if path.is_symlink() and _leads_nowhere(path, root)]:
            link.unlink()
    output_of(["systemctl", f"--root={root}", "preset-all"])
    (system / "default.target").unlink(missing_ok=True)
    (system / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")


def _mask(root: Path, units: Sequence[str]) -> None:
    for unit in units:
        place = root / "etc/systemd/system" / unit
        place.unlink(missing_ok=True)
        place.symlink_to("/dev/null")


def _leads_nowhere(link: Path, root: Path) -> bool:
    target = link.readlink()
    if str(target) == "/dev/null":
        return False
    place = root / target.relative_to("/") if target.is_absolute() else link.parent / target
    return not place.exists()


def _finish(root: Path, build: int) -> None:
    for name in ("data", "boot/firmware", "proc", "sys", "dev", "run", "tmp", "var/log", "var/cache", "root"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "root").chmod(0o700)
    # No machine-id: the initramfs writes it, and a first boot is not one to systemd.
    (root / "etc/machine-id").write_text("")
    clock = root / "usr/lib/clock-epoch"
    clock.touch()
    os.utime(clock, (build, build))
    for cache in root.rglob("__pycache__"):
        shutil.rmtree(cache)
    for name in ("etc/ld.so.cache", "etc/resolv.conf"):
        if not (root / name).is_symlink() and not (root / name).exists():
            raise BuildError(f"/{name} is missing in the bootstrapped system")
