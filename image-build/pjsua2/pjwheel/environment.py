"""The Python environment that the wheel goes into."""

from pathlib import Path

from .tools import output_of

_VERSION = """
import importlib.metadata
try:
    print(importlib.metadata.version("pjsua2"))
except importlib.metadata.PackageNotFoundError:
    pass
"""


def installed_version(python: Path) -> str:
    """The version of pjsua2 in `python`'s environment, "" if it has none."""
    return output_of([python, "-c", _VERSION], "its packages can't be listed").strip()


def install(python: Path, wheel: Path) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    output_of([*pip, "--no-index", "--no-deps", "--force-reinstall", wheel], f"pip could not install {wheel}")
