"""All stages of an image, what each is made from, and which go side by side."""

import os
import shutil
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from kallphone.update.slots import config_sector

from . import card, debian, initrd, kernel, network, prune, publish, rootfs, wheels
from .archive import Archive, Package, mirror_of_apt
from .emulation import arm64_programs
from .prune import read_lines, read_rules
from .signing import Signer, signer_of
from .stages import BuildError, Stages, file_sha256, key_of, output_of

_PJSUA2 = "image-build/pjsua2"
_PYTHON = ("usr/lib/python3.13", "usr/lib/python3/dist-packages", "opt/kallphone/site")
_OURS = ("firmware/kallnet", "firmware/kallphone", "systemd/phone", "hardware/overlays", "hardware/kall.txt",
         "hardware/pins.toml")
_KERNEL_PARTS = ("linux-base-", "linux-binary-", "linux-image-", "linux-modules-")
CONFIGS = {"a": config_sector("a"), "b": config_sector("b")}
CONFIGS_TEXT = {slot: content.decode() for slot, content in CONFIGS.items()}


@dataclass(frozen=True)
class Settings:
    here: Path
    repo: Path
    out: Path
    network: Path | None
    key: Path | None
    keys: Path | None   # folder of handed-over keys
    cache: Path

    @property
    def development_key(self) -> Path:
        return self.repo / "build/update-key"


class Plan:
    """Stages whose results are cached under the digests of what they are made from."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stages = Stages(settings.cache / "image")
        shutil.rmtree(self.stages.root / "logs", ignore_errors=True)
        self.recipe: dict[str, Any] = tomllib.loads((settings.here / "image.toml").read_text())
        self.archive = Archive(self.stages.root / "apt", mirror_of_apt(), self.recipe["suite"], self.stages)

    def image(self) -> Path:
        """Everything from Debian's package lists to the finished files; the path of the image among them."""
        if output_of(["dpkg", "--print-architecture"]).strip() != "amd64":
            raise BuildError("the image is built on a PC (amd64): its compilers come as programs for that")
        self.archive.refresh()
        with ThreadPoolExecutor(max_workers=3) as pool:
            base = pool.submit(self._base)
            own = pool.submit(self._own_wheels)
            start = pool.submit(lambda: (self._kernel(), self._initrd()))
            locked = self._locked_wheels()
            kernel_parts, initrd_file = start.result()
            parts = (base.result(), own.result(), locked, kernel_parts, initrd_file)
        return self._deliver(self._card(self._system(*parts)))

    @cached_property
    def signer(self) -> Signer:
        return signer_of(self.settings.key, self.settings.keys, self.settings.development_key)

    @cached_property
    def version(self) -> str:
        project = tomllib.loads((self.settings.repo / "pyproject.toml").read_text())
        return str(project["project"]["version"])

    @cached_property
    def release(self) -> publish.Release:
        packages = [*self.image_packages, *self.boot_packages]
        wheels = [*self._own_wheels(), *self._locked_wheels()]
        return publish.Release(self.version, self.epoch, packages, wheels)

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
        names = [*self._essential, *self._names("packages-image.txt")]
        return self.archive.resolve(names, architecture="arm64")

    @cached_property
    def boot_packages(self) -> list[Package]:
        """Only those named and the kernel's parts: their other dependencies serve scripts that don't run."""
        named = self._names("packages-boot.txt")
        found = self.archive.resolve(named, architecture="arm64", release=self.recipe["kernel_suite"])
        return [package for package in found
                if package.name in named or package.name.startswith(_KERNEL_PARTS)]

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
        trial = self.settings.repo / "firmware/kallphone/update/trial.sh"
        key = key_of(self._kernel_key(), folder, trial, CONFIGS_TEXT, _source(initrd))
        return self.stages.make("initrd", key, lambda out: initrd.build_initrd(
            out, self._kernel(), [folder / "init", trial], read_lines(folder / "modules.txt"),
            CONFIGS)) / "initrd.img"

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
            sources = self.stages.root / "sources"
            source = wheels.lgpio_source(sources, self.recipe["lgpio"]["sha256"], self.stages)
            wheels.build_lgpio(out, cross(), source, self.stages)

        made = [self.stages.make("lgpio", key_of(key, self.recipe["lgpio"], wheels.LGPIO_STEPS), lgpio),
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
        place = self.stages.make("wheels", key_of(lock),
                                 lambda out: wheels.fetch_locked(out, lock, self.stages))
        return sorted(place.glob("*.whl"))

    def _system(self, base: Path, own: list[Path], locked: list[Path], kernel_parts: Path,
                initrd_file: Path) -> Path:
        here, repo = self.settings.here, self.settings.repo
        tools = self._tools()
        parts = rootfs.Parts(
            repo=repo, overlay=here / "rootfs", kernel=kernel_parts, initrd=initrd_file,
            wheels=[*own, *locked], network=self.settings.network, update_keys=self.signer.trusted,
            version=self.version, build=self.epoch, masked=self._names("masked-units.txt"),
        )

        def build(out: Path) -> None:
            root = out / "root"
            output_of(["cp", "-a", "--reflink=auto", base / "root", root])
            rootfs.furnish(root, parts, read_rules(self._names("prune.txt")))
            wheels.compile_python(root, _PYTHON, tools, self.stages)
            with arm64_programs(tools / "usr/bin/qemu-aarch64"):
                wheels.prove(root, self.stages)
            self.stages.say("packing the system")
            card.make_squashfs(out / "system.squashfs", root, self.epoch)
            shutil.move(root / "usr/lib/kallphone/boot", out / "boot")
            shutil.rmtree(root)

        made_from = [base.name, kernel_parts.name, initrd_file.parent.name,
                     *(file_sha256(path) for path in parts.wheels)]
        ours = [*(repo / name for name in _OURS),
                *(here / name for name in ("rootfs", "prune.txt", "masked-units.txt"))]
        code = [_source(module) for module in (rootfs, network, wheels, card, prune)]
        taken = network.network_files(parts.network) if parts.network else []
        return self.stages.make("system", key_of(
            made_from, *ours, *taken, parts.update_keys.decode(), self.version, self.epoch, *code), build)

    def _card(self, system: Path) -> Path:
        answers = self.settings.repo / "firmware/kallphone/provision/card.toml"

        def build(out: Path) -> None:
            fat = out / "fat"
            card.lay_fat(fat, self._kernel() / "fat", system / "boot", CONFIGS, answers)
            image = out / "kallphone.img"
            card.write_card(image, fat, system / "system.squashfs", self.epoch)
            shutil.rmtree(fat)
            self.stages.say("compressing")
            publish.publish(out, image, system / "system.squashfs", self.release, self.signer)

        signer = [bytes(self.signer.key.verify_key).hex(), self.signer.hand_overs or ""]
        key = key_of(system.name, _source(card), _source(publish), CONFIGS_TEXT, answers, *signer)
        return self.stages.make("card", key, build)

    def _deliver(self, made: Path) -> Path:
        out = self.settings.out
        out.mkdir(parents=True, exist_ok=True)
        # Copies, or whoever boots the image would write into the cache.
        output_of(["cp", "-r", "--sparse=always", "--reflink=auto", *sorted(made.iterdir()), out])
        publish.write_imager_entry(out, self.release)
        for file in sorted(out.iterdir()):
            if file.is_file():
                self.stages.say(f"{file.stat().st_size / 1e6:8.1f} MB  {file.name}")
        if self.signer.development:
            self.stages.say(f"signed by a development key ({self.settings.development_key}): phones with "
                            "this image take updates from whoever has it. Your own: make image KEY=file")
        return out / "kallphone.img"


def _labels(packages: list[Package]) -> list[str]:
    return [package.label for package in packages]


def _source(module: ModuleType) -> Path:
    return Path(str(module.__file__))
