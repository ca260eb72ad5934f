"""All stages of an image, what each is made from, and which go side by side."""

import os
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from . import card, debian, initrd, kernel, rootfs, wheels
from .archive import Archive, Package
from .prune import read_lines, read_rules
from .slots import CONFIGS
from .stages import BuildError, Stages, key_of, output_of

_PJSUA2 = "image-build/pjsua2"


@dataclass(frozen=True)
class Settings:
    here: Path
    repo: Path
    out: Path
    network: Path | None
    key: Path | None
    cache: Path


class Plan:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stages = Stages(settings.cache / "image")
        shutil.rmtree(self.stages.root / "logs", ignore_errors=True)
        self.recipe: dict[str, Any] = tomllib.loads((settings.here / "image.toml").read_text())
        self.archive = Archive(self.stages.root / "apt", self.recipe["mirror"], self.recipe["suite"], self.stages)

    def image(self) -> Path:
        self.archive.refresh()
        with ThreadPoolExecutor(max_workers=3) as pool:
            base = pool.submit(self._base)
            own = pool.submit(self._own_wheels)
            start = pool.submit(lambda: (self._kernel(), self._initrd()))
            locked = self._locked_wheels()
            parts = [base.result(), own.result(), locked, *start.result()]
        system = self._system(*parts)
        return self._card(system)

    @cached_property
    def epoch(self) -> int:
        """Unix time of the last commit, or what SOURCE_DATE_EPOCH says."""
        given = os.environ.get("SOURCE_DATE_EPOCH")
        return int(given or output_of(["git", "-C", self.settings.repo, "log", "-1", "--format=%ct"]))

    def _names(self, file: str) -> list[str]:
        return read_lines(self.settings.here / file)

    @cached_property
    def _essential(self) -> list[str]:
        return self.archive.essential("arm64")

    @cached_property
    def image_packages(self) -> list[Package]:
        return self.archive.resolve([*self._essential, *self._names("packages-image.txt")], architecture="arm64")

    @cached_property
    def boot_packages(self) -> list[Package]:
        """Only those named and the kernel's parts: their other dependencies serve scripts that don't run."""
        named = self._names("packages-boot.txt")
        found = self.archive.resolve(named, architecture="arm64", release=self.recipe["kernel_suite"])
        return [package for package in found
                if package.name in named or package.name.startswith(("linux-base-", "linux-binary-", "linux-image-", "linux-modules-"))]

    def _tools(self) -> Path:
        packages = self.archive.resolve(self._names("packages-tools.txt"), architecture="amd64")

        def build(out: Path) -> None:
            debian.lay_bare(out, self.archive.fetch(packages))
            for program in (out / "usr/bin").glob("qemu-*"):
                if program.name != "qemu-aarch64":
                    program.unlink()

        return self.stages.make("tools", key_of(_labels(packages), "1"), build)

    def _base(self) -> Path:
        tools = self._tools()

        def build(out: Path) -> None:
            root = out / "root"
            root.mkdir()
            debian.bootstrap(root, self.image_packages, self._essential, self.archive,
                             tools / "usr/bin/qemu-aarch64", self.stages)

        return self.stages.make("base", key_of(_labels(self.image_packages), _source(debian)), build)

    def _kernel(self) -> Path:
        patterns = self._names("modules.txt")
        return self.stages.make("kernel", self._kernel_key(), lambda out: kernel.build_kernel(
            out, self.archive.fetch(self.boot_packages), patterns))

    def _kernel_key(self) -> str:
        return key_of(_labels(self.boot_packages), self._names("modules.txt"), _source(kernel))

    def _initrd(self) -> Path:
        folder = self.settings.here / "initramfs"
        configs = {slot: content.decode() for slot, content in CONFIGS.items()}
        key = key_of(self._kernel_key(), folder, configs, _source(initrd))
        return self.stages.make("initrd", key, lambda out: initrd.build_initrd(
            out, self._kernel(), folder / "init", read_lines(folder / "modules.txt"), CONFIGS)) / "initrd.img"

    def _own_wheels(self) -> list[Path]:
        packages = self.archive.resolve(self._names("packages-cross.txt"), architecture="amd64")
        recipe = self.settings.repo / _PJSUA2
        key = key_of(_labels(packages), self.recipe["swig"])

        def cross() -> Path:
            return self.stages.make("cross", key, lambda out: wheels.lay_cross(
                out, self.archive.fetch(packages), self._swig()))

        def pjsua2(out: Path) -> None:
            wheels.build_pjsua2(out, cross(), recipe, self._pjproject(recipe), self.stages)

        def lgpio(out: Path) -> None:
            source = wheels.lgpio_source(self.stages.root / "sources", self.recipe["lgpio"]["sha256"], self.stages)
            wheels.build_lgpio(out, cross(), source, self.stages)

        made = [self.stages.make("lgpio", key_of(key, self.recipe["lgpio"], wheels._LGPIO), lgpio),
                self.stages.make("pjsua2", key_of(key, recipe), pjsua2)]
        return [wheel for place in made for wheel in place.glob("*.whl")]

    def _swig(self) -> Path:
        name = self.recipe["swig"]
        place = self.stages.make("swig", key_of(name), lambda out: self.stages.run("wheels", [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", out, name]))
        return next(place.glob("*.whl"))

    def _pjproject(self, recipe: Path) -> Path:
        sys.path.insert(0, str(recipe))
        from pjwheel.recipe import load_recipe
        from pjwheel.source import obtain
        return obtain(load_recipe(recipe), self.settings.cache / "pjsua2/sources",
                      os.environ.get("PJPROJECT_TARBALL"), self.stages.say)

    def _locked_wheels(self) -> list[Path]:
        lock = self.settings.here / "requirements.lock"
        place = self.stages.make("wheels", key_of(lock), lambda out: wheels.fetch_locked(out, lock, self.stages))
        return sorted(place.glob("*.whl"))

    def _system(self, base: Path, own: list[Path], locked: list[Path], kernel_parts: Path, initrd_file: Path) -> Path:
        repo = self.settings.repo
        rules = read_rules(self._names("prune.txt"))
        ours = [repo / "firmware/kallnet", repo / "firmware/kallphone", repo / "systemd/phone",
                repo / "hardware/overlays", repo / "hardware/kall.txt", repo / "hardware/pins.toml",
                self.settings.here / "rootfs"]
        network = self.settings.network
        keys: dict[str, object] = {}
        key = key_of(str(base), [wheel.name for wheel in [*own, *locked]], str(kernel_parts), str(initrd_file),
                     *ours, *([network] if network else []), keys, self.epoch, self._names("prune.txt"),
                     _source(rootfs), _source(wheels), _source(card))
        tools = self._tools()

        def build(out: Path) -> None:
            root = out / "root"
            subprocess.run(["cp", "-a", "--reflink=auto", base / "root", root], check=True)
            parts = rootfs.Parts(repo, self.settings.here / "rootfs", kernel_parts, initrd_file, [*own, *locked],
                                 network, keys, "0.1.0", self.epoch)
            rootfs.furnish(root, parts, rules)
            wheels.compile_python(root, ["usr/lib/python3.13", "usr/lib/python3/dist-packages",
                                         "opt/kallphone/site"], tools, self.stages)
            self.stages.say("packing the system")
            card.make_squashfs(out / "system.squashfs", root, self.epoch)
            shutil.move(root / "usr/lib/kallphone/boot", out / "boot")
            shutil.rmtree(root)

        return self.stages.make("system", key, build)

    def _card(self, system: Path) -> Path:
        out = self.settings.out
        out.mkdir(parents=True, exist_ok=True)
        fat = out / "fat"
        shutil.rmtree(fat, ignore_errors=True)
        card.lay_fat(fat, self._kernel() / "fat", system / "boot", CONFIGS)
        image = out / "kallphone.img"
        card.write_card(image, fat, system / "system.squashfs", self.epoch)
        shutil.rmtree(fat)
        return image


def _labels(packages: list[Package]) -> list[str]:
    return [package.label for package in packages]


def _source(module: Any) -> Path:
    return Path(module.__file__)


__all__ = ["BuildError", "Plan", "Settings"]
