"""From a prepared source tree to pjsua2.py and one extension module that holds all of pjproject."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .recipe import Recipe
from .source import prepare
from .stages import Stages
from .target import Target
from .tools import output_of

_COMPONENTS = ("pjlib", "pjlib-util", "pjnath", "pjmedia", "pjsip", "third_party")


@dataclass(frozen=True)
class Compilation:
    recipe: Recipe
    target: Target
    tarball: Path
    tree: Path
    swig: str
    jobs: int
    stages: Stages

    @property
    def interface(self) -> Path:
        return self.tree / "pjsip-apps/src/swig/python"

    def compile(self) -> dict[str, Path]:
        """Path inside the wheel -> file."""
        with self.stages.stage("unpack, patch and configure"):
            self._unpack()
            self._patch()
            self._configure()
        with self.stages.stage(f"compile the libraries and the Python wrapper on {self.jobs} CPUs"):
            self._compile_both()
        with self.stages.stage("link"):
            extension = self._link()
        return {"pjsua2.py": self.interface / "pjsua2.py", extension.name: extension}

    def _unpack(self) -> None:
        self.tree.mkdir()
        command = ["tar", "-xf", str(self.tarball), "--strip-components=1", "--no-same-owner"]
        self.stages.run("unpack", command, self.tree)
        prepare(self.recipe, self.tree)

    def _patch(self) -> None:
        for patch in self.recipe.patches:
            self.stages.run("patch", ["patch", "--batch", "--forward", "-p1", "-i", str(patch)], self.tree)

    def _configure(self) -> None:
        command = ["./configure", *self.target.configure, *self.recipe.configure]
        self.stages.run("configure", command, self.tree, self._environment())

    def _compile_both(self) -> None:
        # The wrapper is one long compilation: beside the libraries it costs one CPU and hardly any time.
        with ThreadPoolExecutor(max_workers=min(2, self.jobs)) as pool:
            both = [pool.submit(self._wrapper), pool.submit(self._libraries)]
        for one in both:
            one.result()

    def _libraries(self) -> None:
        jobs = max(1, self.jobs - 1)
        self.stages.run("libraries", ["make", f"-j{jobs}", "lib"], self.tree, self._environment())

    def _wrapper(self) -> None:
        includes = [f"-I{self.tree / part / 'include'}" for part in _COMPONENTS]
        generate = [self.swig, *self.recipe.swig, *includes, "-o", "pjsua2_wrap.cpp", "../pjsua2.i"]
        self.stages.run("wrapper", generate, self.interface)
        compile_wrapper = [self.target.cxx, *self._project_flags(), *self.recipe.wrapper_cflags,
                           f"-I{self.target.include}", "-c", "pjsua2_wrap.cpp", "-o", "pjsua2_wrap.o"]
        self.stages.run("wrapper", compile_wrapper, self.interface)

    def _link(self) -> Path:
        archives = sorted(str(path) for part in _COMPONENTS for path in self.tree.glob(f"{part}/lib/*.a"))
        name = f"_pjsua2{self.target.suffix}"
        command = [
            self.target.cxx, "-shared", "-s", "-o", name, "pjsua2_wrap.o",
            "-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now",
            "-Wl,--start-group", *archives, "-Wl,--end-group",
            "-Wl,--as-needed", *(f"-l{library}" for library in self.recipe.link),
        ]
        self.stages.run("link", command, self.interface)
        return self.interface / name

    def _project_flags(self) -> list[str]:
        """pjproject's own compiler flags, as configure found them."""
        ask = ["make", "--no-print-directory", "-s", "-C", str(self.interface), "-f", "helper.mak", "cflags"]
        return output_of(ask, "pjproject does not tell its compiler flags", self._environment()).split()

    def _environment(self) -> dict[str, str]:
        # Without the map the build directory's name would be in the wheel.
        flags = [*self.recipe.library_cflags, f"-ffile-prefix-map={self.tree}=pjproject"]
        return self.target.tool_environment(" ".join(flags))
