"""Which files of Debian's packages the image keeps: rules of globs over paths relative to the root."""

import fnmatch
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rules:
    """`drop` takes a path and all below it away, except for what `keep` names."""

    drop: tuple[str, ...]
    keep: tuple[str, ...]

    def kept(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.keep)


def read_lines(path: Path) -> list[str]:
    """The lines of a list, less comments and blanks."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def read_rules(lines: Iterable[str]) -> Rules:
    """Errors: ValueError for a line that is neither `drop GLOB` nor `keep GLOB`."""
    found: dict[str, list[str]] = {"drop": [], "keep": []}
    for line in lines:
        verb, _, pattern = line.partition(" ")
        if verb not in found or not pattern:
            raise ValueError(f"neither drop nor keep: {line!r}")
        found[verb].append(pattern.strip())
    return Rules(tuple(found["drop"]), tuple(found["keep"]))


def prune(root: Path, rules: Rules) -> None:
    """Take away from the tree at `root` what `rules` drop, and directories that this leaves empty."""
    for pattern in rules.drop:
        for path in root.glob(pattern):
            _remove(path, root, rules)


def _remove(path: Path, root: Path, rules: Rules) -> bool:
    """Whether all of `path` is gone."""
    name = str(path.relative_to(root))
    if rules.kept(name):
        return False
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return True
    holds_kept = any(pattern.startswith(f"{name}/") or fnmatch.fnmatchcase(name, str(Path(pattern).parent))
                     for pattern in rules.keep)
    if not holds_kept:
        shutil.rmtree(path)
        return True
    left = [inside for inside in sorted(path.iterdir()) if not _remove(inside, root, rules)]
    if not left:
        path.rmdir()
    return not left


def module_name(path: str) -> str:
    """The kernel's name of a module file: kernel/a/snd-aloop.ko.xz is snd_aloop."""
    return re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1]).replace("-", "_")


def read_dependencies(modules_dep: str) -> dict[str, tuple[str, ...]]:
    """`modules.dep`, each file with the files that it needs."""
    found = {}
    for line in modules_dep.splitlines():
        file, _, needs = line.partition(":")
        found[file] = tuple(needs.split())
    return found


def modules_below(dependencies: Mapping[str, Sequence[str]], patterns: Iterable[str]) -> set[str]:
    """The module files that globs of paths below kernel/ name, without .ko, and all that they need."""
    wanted = {file for pattern in patterns for file in dependencies
              if fnmatch.fnmatchcase(re.sub(r"\.ko(\.\w+)?$", "", file), f"kernel/{pattern}")}
    return wanted | {need for file in wanted for need in dependencies[file]}


def modules_named(dependencies: Mapping[str, Sequence[str]], names: Iterable[str],
                  built_in: Iterable[str]) -> list[str]:
    """The files of modules by their names, and all that they need; those built into the kernel have none.

    Errors: KeyError for a name that this kernel does not know.
    """
    files = {module_name(file): file for file in dependencies}
    inside = {module_name(file) for file in built_in}
    found: set[str] = set()
    for name in names:
        plain = name.replace("-", "_")
        if plain in files:
            found |= {files[plain], *dependencies[files[plain]]}
        elif plain not in inside:
            raise KeyError(name)
    return sorted(found)
