"""The programs and packages that the build needs, refused early and with the command that helps."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .recipe import BuildError, Recipe


def output_of(command: Sequence[str | Path], advice: str, env: dict[str, str] | None = None) -> str:
    """Standard output of `command`.

    Errors: BuildError with its words and the advice.
    """
    words = [os.fspath(word) for word in command]
    try:
        return subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
    except OSError as error:
        raise BuildError(f"{words[0]} can't be run ({error.strerror}): {advice}") from None
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{words[0]} failed: {advice}\n{error.stderr.strip()[-2000:]}") from None


def require_packages(recipe: Recipe) -> None:
    """Errors: BuildError with the apt-get line, on Debian and its like."""
    if not shutil.which("dpkg-query"):
        return
    listing = output_of(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"], "repair dpkg")
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    missing = [package for package in recipe.packages if package not in installed]
    if missing:
        raise BuildError(f"Debian packages are missing. Install them:\n  apt-get install {' '.join(missing)}")


def compiler_version(compiler: str) -> str:
    return output_of([compiler, "--version"], "install it (Debian: build-essential)").splitlines()[0]


def swig_version(swig: str) -> str:
    listing = output_of([swig, "-version"], "install it (Debian: swig) or name one: SWIG=path")
    found = re.search(r"SWIG Version (\S+)", listing)
    return found.group(1) if found else "unknown"


def require_swig(version: str, refused_from: str, refused_before: str) -> None:
    if _numbers(refused_from) <= _numbers(version) < _numbers(refused_before):
        raise BuildError(f"SWIG {version} generates callbacks that crash (swig#2889): name one older than "
                         f"{refused_from} or at least {refused_before}: SWIG=path")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
