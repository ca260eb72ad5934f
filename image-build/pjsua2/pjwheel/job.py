"""One wheel from start to end: cached, or built, inspected, proven and then cached."""

import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import check
from .compilation import Compilation
from .inspection import inspect
from .recipe import Recipe, build_key
from .source import file_sha256, obtain
from .stages import Stages
from .store import Store
from .target import Target, require_headers
from .tools import compiler_version, output_of, require_packages, require_swig, swig_version
from .wheelfile import write_wheel

_SUMMARY = "pjproject's SIP user agent with Opus, TLS, DTLS-SRTP and ALSA, self-contained"


@dataclass(frozen=True)
class Job:
    recipe: Recipe
    target: Target
    store: Store
    key: str
    versions: dict[str, str]
    swig: str
    jobs: int
    stages: Stages

    @property
    def version(self) -> str:
        """The local label (PEP 440) carries the key into every environment that has the wheel."""
        return f"{self.recipe.version}+k{self.key}"

    def wheel(self) -> Path:
        cached = self.store.wheel(self.key)
        if cached:
            return cached
        self._require()
        given = os.environ.get("PJPROJECT_TARBALL")
        tarball = obtain(self.recipe, self.store.sources, given, self.stages.say)
        shutil.rmtree(self.stages.logs, ignore_errors=True)
        workspace = self.store.workspace()
        try:
            return self._build(tarball, workspace)
        finally:
            shutil.rmtree(workspace)

    def _require(self) -> None:
        require_packages(self.recipe)
        require_headers(self.target)
        require_swig(self.versions["swig"], *self.recipe.swig_refused)

    def _build(self, tarball: Path, workspace: Path) -> Path:
        tree = workspace / "tree"
        compilation = Compilation(self.recipe, self.target, tarball, tree, self.swig, self.jobs, self.stages)
        files = compilation.compile()
        extension = next(path for path in files.values() if path.suffix == ".so")
        needed = inspect(extension, self.recipe, self.target)
        wheel = write_wheel(workspace, "pjsua2", self.version, self.target.wheel_tag, files, _SUMMARY)
        self._prove(wheel, workspace / "proof")
        return self.store.keep(self.key, wheel, {
            "source": tarball.name, "sha256": file_sha256(tarball), "tools": self.versions, "needs": needed,
        })

    def _prove(self, wheel: Path, directory: Path) -> None:
        if self.target.host:
            self.stages.say("built for another machine: inspected, but proven by a call only there")
            return
        with self.stages.stage("prove by a call: Opus, TLS, DTLS-SRTP"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(directory)
            output_of([self.target.python, check.__file__, directory], "the wheel is not fit")


def make_job(recipe: Recipe, target: Target, store: Store, jobs: int) -> Job:
    swig = os.environ.get("SWIG", "swig")
    versions = {"cxx": compiler_version(target.cxx), "swig": swig_version(swig),
                "host": target.host or "", "suffix": target.suffix, "tag": target.wheel_tag}
    key = build_key(recipe, versions)
    return Job(recipe, target, store, key, versions, swig, jobs, Stages(store.logs(key)))
