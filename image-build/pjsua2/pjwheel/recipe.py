"""The recipe as values, and the key of everything that decides a wheel's content."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BuildError(Exception):
    """The wheel can't be built; the text says what to do about it."""


@dataclass(frozen=True)
class Source:
    name: str
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    directory: Path
    version: str
    sources: tuple[Source, ...]
    empty_files: tuple[str, ...]
    config_site: dict[str, int]
    library_cflags: tuple[str, ...]
    configure: tuple[str, ...]
    wrapper_cflags: tuple[str, ...]
    swig: tuple[str, ...]
    swig_refused: tuple[str, str]
    link: tuple[str, ...]
    required: tuple[str, ...]

    @property
    def patches(self) -> tuple[Path, ...]:
        return tuple(sorted((self.directory / "patches").glob("*.patch")))

    @property
    def packages(self) -> tuple[str, ...]:
        """Debian packages that the build needs."""
        return tuple((self.directory / "packages.txt").read_text().split())

    def config_site_header(self) -> str:
        return "".join(f"#define {name} {value}\n" for name, value in self.config_site.items())


def load_recipe(directory: Path) -> Recipe:
    table = tomllib.loads((directory / "recipe.toml").read_text())
    wrapper = table["wrapper"]
    return Recipe(
        directory=directory,
        version=table["version"],
        sources=tuple(_source(entry) for entry in table["source"]),
        empty_files=tuple(table["prepare"]["empty_files"]),
        config_site=dict(table["config_site"]),
        library_cflags=tuple(table["libraries"]["cflags"]),
        configure=tuple(table["libraries"]["configure"]),
        wrapper_cflags=tuple(wrapper["cflags"]),
        swig=tuple(wrapper["swig"]),
        swig_refused=(wrapper["swig_refused_from"], wrapper["swig_refused_before"]),
        link=tuple(table["link"]["libraries"]),
        required=tuple(table["link"]["required"]),
    )


def build_key(recipe: Recipe, environment: dict[str, str]) -> str:
    """16 hex digits over the recipe's files and `environment`: the target's and the tools' versions."""
    digest = hashlib.sha256()
    for path in _ingredients(recipe.directory):
        digest.update(f"{path.relative_to(recipe.directory)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(json.dumps(environment, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _ingredients(directory: Path) -> list[Path]:
    code = (directory / "pjwheel").glob("*.py")
    return sorted([directory / "recipe.toml", *(directory / "patches").glob("*.patch"), *code])


def _source(entry: dict[str, Any]) -> Source:
    return Source(entry["name"], entry["sha256"], tuple(entry["urls"]))
