"""The pinned source: found, checked, unpacked and patched."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from .recipe import BuildError, Recipe, Source

_TIMEOUT = 60.0  # seconds without a byte
_CHUNK = 1 << 16


def obtain(recipe: Recipe, cache: Path, given: str | None, say: Callable[[str], None]) -> Path:
    """The source's tarball: `given` by the user, else from `cache`, else downloaded into it."""
    if given:
        return _checked_gift(recipe, Path(given).expanduser())
    for source in recipe.sources:
        cached = cache / source.name
        if cached.exists() and file_sha256(cached) == source.sha256:
            return cached
    return _download_any(recipe, cache, say)


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def prepare(recipe: Recipe, tree: Path) -> None:
    for name in recipe.empty_files:
        (tree / name).touch()
    (tree / "pjlib/include/pj/config_site.h").write_text(recipe.config_site_header())


def _checked_gift(recipe: Recipe, path: Path) -> Path:
    if not path.is_file():
        raise BuildError(f"PJPROJECT_TARBALL names {path}, which is not a file")
    found = file_sha256(path)
    if found not in {source.sha256 for source in recipe.sources}:
        pins = "\n".join(f"  {source.sha256}  {source.name}" for source in recipe.sources)
        raise BuildError(f"{path} is not a source that this recipe trusts.\n"
                         f"Its sha256 is\n  {found}\naccepted are\n{pins}")
    return path


def _download_any(recipe: Recipe, cache: Path, say: Callable[[str], None]) -> Path:
    failures: list[str] = []
    for source in recipe.sources:
        for url in (place for entry in source.urls for place in _places(entry)):
            say(f"downloading {url}")
            try:
                return _download(source, url, cache)
            except (OSError, urllib.error.URLError, BuildError) as error:
                failures.append(f"  {url}\n    {error}")
    tried = "\n".join(failures)
    raise BuildError(f"no source could be downloaded:\n{tried}\nGet one of these files by hand and name it: "
                     "PJPROJECT_TARBALL=path")


def _places(entry: str) -> list[str]:
    """`debian:PATH` is looked for in every archive that this machine's apt knows; all else is an address."""
    if not entry.startswith("debian:"):
        return [entry]
    ask = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    try:
        known = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    except OSError:
        return []
    return [archive + entry.removeprefix("debian:") for archive in sorted(set(known.split()))]


def _download(source: Source, url: str, cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=cache, prefix=".download-")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as out, urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310
            shutil.copyfileobj(answer, out, _CHUNK)
        found = file_sha256(partial)
        if found != source.sha256:
            raise BuildError(f"sha256 is {found}, the recipe pins {source.sha256}")
        return partial.replace(cache / source.name)
    finally:
        partial.unlink(missing_ok=True)
