"""Python code of the image: our own wheels, cross-compiled, others' as pinned, and the phone itself."""

import re
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from .debian import kernel_file_systems, lay_bare
from .stages import BuildError, Stages, file_sha256

HOST = "aarch64-linux-gnu"
_PLATFORMS = ("manylinux_2_41_aarch64", "manylinux_2_28_aarch64", "manylinux_2_17_aarch64",
              "manylinux2014_aarch64", "any")
_PACKAGES = ("kallnet", "kallphone")
# Of kallphone: a whole network on one machine, and the bench but for the panel that tests hold.
_LEFT_OUT = re.compile(r"demo(/|$)|bench/(?!__init__\.py$|panel\.py$).*")


def lay_cross(out: Path, debs: Sequence[Path], swig: Path) -> None:
    """A Debian that compiles for arm64: never configured, only run."""
    lay_bare(out, debs)
    (out / "usr/bin/awk").symlink_to("gawk")
    # Its list of packages would be empty; what the recipe needs is in packages-cross.txt.
    (out / "usr/bin/dpkg-query").unlink(missing_ok=True)
    with zipfile.ZipFile(swig) as wheel:
        wheel.extractall(out / "opt")
    for program in (out / "opt/swig/data/bin").iterdir():
        program.chmod(0o755)


def build_pjsua2(out: Path, cross: Path, recipe: Path, tarball: Path, stages: Stages) -> None:
    """The pjsua2 wheel for arm64 into `out`, by its own recipe."""
    work = cross / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(recipe, work / "image-build/pjsua2")
    shutil.copy2(tarball, work / tarball.name)
    with kernel_file_systems(cross):
        stages.run("pjsua2", [
            "chroot", cross, "env", "-i", *_cross_env(), f"PJPROJECT_TARBALL=/work/{tarball.name}",
            "XDG_CACHE_HOME=/work/cache", "python3", "/work/image-build/pjsua2/build.py",
            "--host", HOST, "--python", "/usr/bin/python3", "--out", "/work/out",
        ])
    _take(work / "out", out)


def build_lgpio(out: Path, cross: Path, source: Path, stages: Stages) -> None:
    """The lgpio wheel for arm64 into `out`: the index has none for Python 3.13, and an older stub."""
    work = cross / "work-lgpio"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    stages.run("lgpio", ["tar", "-xf", source, "-C", work, "--strip-components=1", "--no-same-owner"])
    script = work / "compile.sh"
    script.write_text(LGPIO_STEPS)
    stages.run("lgpio", ["chroot", cross, "env", "-i", *_cross_env(), "sh", "-e", "/work-lgpio/compile.sh"])
    _pack_lgpio(work, out)


LGPIO_STEPS = f"""cd /work-lgpio
$SWIG -python lgpio.i
{HOST}-gcc -O2 -fPIC -DNDEBUG -shared -s -pthread -Isrc -I/usr/include/python3.13 \
  -ffile-prefix-map=/work-lgpio=lgpio -Wl,-z,relro,-z,now \
  -o _lgpio.cpython-313-{HOST}.so src/lg*.c src/rgpiod.c lgpio_wrap.c -lrt -ldl
cat lgpio_extra.py >>lgpio.py
"""


def _pack_lgpio(work: Path, out: Path) -> None:
    version = "0.2.2.0"
    wheel = out / f"lgpio-{version}-cp313-cp313-linux_aarch64.whl"
    info = f"lgpio-{version}.dist-info"
    members = {
        "lgpio.py": (work / "lgpio.py").read_bytes(),
        f"_lgpio.cpython-313-{HOST}.so": (work / f"_lgpio.cpython-313-{HOST}.so").read_bytes(),
        f"{info}/METADATA": (f"Metadata-Version: 2.1\nName: lgpio\nVersion: {version}\n"
                             "License: Unlicense\n").encode(),
        f"{info}/WHEEL": (b"Wheel-Version: 1.0\nGenerator: kallphone\nRoot-Is-Purelib: false\n"
                          b"Tag: cp313-cp313-linux_aarch64\n"),
        f"{info}/LICENSE": (work / "LICENSE").read_bytes(),
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
    members[f"{info}/RECORD"] = record.encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


def _cross_env() -> list[str]:
    return ["PATH=/usr/bin:/usr/sbin", "HOME=/root", "TMPDIR=/tmp", "LC_ALL=C",
            "SWIG=/opt/swig/data/bin/swig", "SWIG_LIB=/opt/swig/data/share/swig/4.4.1"]


def _take(source: Path, out: Path) -> None:
    wheels = list(source.glob("*.whl"))
    if len(wheels) != 1:
        raise BuildError(f"one wheel was expected in {source}, found {len(wheels)}")
    shutil.copy2(wheels[0], out)


def fetch_locked(out: Path, lock: Path, stages: Stages) -> None:
    """Download what `lock` pins into `out`, each file checked by its hash."""
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    stages.run("wheels", [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", "3.13",
        "--abi", "cp313", "--abi", "abi3", "--abi", "none", *platforms, "--dest", out, "-r", lock,
    ])


def lay_site(site: Path, wheels: Sequence[Path], repo: Path) -> None:
    """Unpack `wheels` and the phone's packages from the work tree `repo` into the directory `site`."""
    site.mkdir(parents=True)
    for wheel in sorted(wheels, key=lambda path: path.name):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    for data in sorted(site.glob("*.data")):
        for part in ("purelib", "platlib"):
            if (data / part).is_dir():
                shutil.copytree(data / part, site, dirs_exist_ok=True)
        shutil.rmtree(data)
    for package in _PACKAGES:
        shutil.copytree(repo / "firmware" / package, site / package,
                        ignore=shutil.ignore_patterns("__pycache__", "*.po", "*.pot"))
    phone = site / "kallphone"
    for path in sorted(phone.rglob("*"), reverse=True):
        if _LEFT_OUT.match(str(path.relative_to(phone))):
            path.rmdir() if path.is_dir() else path.unlink()
    for path in site.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.suffix == ".so" else 0o644)


def compile_python(root: Path, places: Sequence[str], tools: Path, stages: Stages) -> None:
    """Byte-code of the Python files below `places` in `root`, by the same Python of this machine's kind.

    Unchecked hashes (PEP 552): no times inside, and nothing is looked up at run time. PYTHONHASHSEED puts
    sets of constants in one order; -I would ignore it.
    """
    inside = tools / "root"
    inside.mkdir(exist_ok=True)
    command: list[str | Path] = ["chroot", tools, "/usr/bin/python3.13", "-sP", "-m", "compileall", "-q",
               "--invalidation-mode", "unchecked-hash", "-s", "/root", "-p", "/"]
    stages.run("mount", ["mount", "--bind", root, inside])
    try:
        stages.run("compile", [*command, *(f"/root/{place}" for place in places)],
                   env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"})
    finally:
        stages.run("mount", ["umount", inside])


# What `kallphone device` loads on a board, of which a missing library would be seen only there.
_PROOF = """
import sys
sys.path.insert(0, "/opt/kallphone/site")
import alsaaudio, cbor2, coincurve, gpiozero, lgpio, luma.oled.device, nacl.secret, PIL.ImageFont, pjsua2
import kallphone.cli, kallphone.parts
"""


def prove(root: Path, stages: Stages) -> None:
    """Have the image's own Python load what is compiled. Needs arm64_programs."""
    pipes = root / "run/lgpio"
    pipes.mkdir(parents=True)
    stages.run("prove", ["chroot", root, "/usr/bin/python3", "-I", "-B", "-c", _PROOF],
               env={"LG_WD": "/run/lgpio"})
    shutil.rmtree(pipes)


def lgpio_source(cache: Path, sha256: str, stages: Stages) -> Path:
    """The pinned source of lgpio, from the cache or its index."""
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / "lgpio-0.2.2.0.tar.gz"
    if not place.exists():
        stages.run("wheels", [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                              "--no-binary=:all:", "--dest", cache, "lgpio==0.2.2.0"])
    if file_sha256(place) != sha256:
        place.unlink()
        raise BuildError(f"{place.name} is not the pinned one (sha256): try again")
    return place
