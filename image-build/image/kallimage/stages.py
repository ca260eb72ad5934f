"""Stages that are done once: each result on disk under the digest of all that went into it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_KEPT = 2  # results of one stage, the newest
_TAIL = 30  # lines of a failed stage's log


class BuildError(Exception):
    """The image can't be built; the text says what to do about it."""


@dataclass
class Stages:
    """Results live in `root`/NAME/KEY, logs in `root`/logs."""

    root: Path
    times: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", file=sys.stderr, flush=True)

    def make(self, name: str, key: str, build: Callable[[Path], None]) -> Path:
        """The directory with the result of stage `name`; `build` fills it unless it is there."""
        place = self.root / name / key
        if place.is_dir():
            os.utime(place)
            return place
        return self._build(name, place, build)

    def _build(self, name: str, place: Path, build: Callable[[Path], None]) -> Path:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=place.parent, prefix=".partial-"))
        partial.chmod(0o755)
        began = time.monotonic()
        self.say(f"{name} ...")
        try:
            build(partial)
            partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self.times[name] = time.monotonic() - began
        self.say(f"{name}: done in {self.times[name]:.1f} s")
        self._forget_old(place.parent)
        return place

    def _forget_old(self, stage: Path) -> None:
        results = sorted(stage.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in results[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def run(self, log: str, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None,
            cwd: Path | None = None) -> None:
        """Run `command`, its output appended to the log file `log`.

        Errors: BuildError with the log's last lines when it fails.
        """
        words = [os.fspath(word) for word in command]
        path = self.root / "logs" / f"{log}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as out:
            out.write(f"$ {' '.join(words)}\n".encode())
            out.flush()
            try:
                status = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                        env=None if env is None else {**os.environ, **env}, cwd=cwd,
                                        check=False).returncode
            except OSError as error:
                raise BuildError(f"{words[0]} can't be run: {error.strerror}") from None
        if status:
            raise BuildError(f"{words[0]} failed with status {status}. The end of {path}:\n{_tail(path)}")


def output_of(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """Standard output of `command`. Errors: BuildError with what it said."""
    words = [os.fspath(word) for word in command]
    try:
        return subprocess.run(words, env=None if env is None else {**os.environ, **env}, check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    except OSError as error:
        raise BuildError(f"{words[0]} can't be run: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{words[0]} failed:\n{(error.stderr or error.stdout).strip()[-2000:]}") from None


def key_of(*ingredients: object) -> str:
    """16 hex digits over text, JSON values and files; a directory counts by names, modes and content."""
    digest = hashlib.sha256()
    for ingredient in ingredients:
        if isinstance(ingredient, Path):
            for line in _described(ingredient):
                digest.update(line.encode())
        else:
            digest.update(json.dumps(ingredient, sort_keys=True).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _described(path: Path) -> Iterable[str]:
    if path.is_file():
        yield f"{path.name} {_mode(path)} {file_sha256(path)}\n"
        return
    for inside in sorted(path.rglob("*")):
        if "__pycache__" in inside.parts:
            continue
        name = inside.relative_to(path)
        if inside.is_symlink():
            yield f"{name} -> {inside.readlink()}\n"
        elif inside.is_file():
            yield f"{name} {_mode(inside)} {file_sha256(inside)}\n"


def _mode(path: Path) -> str:
    return "x" if path.stat().st_mode & 0o100 else "-"


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()[-_TAIL:]
    return "\n".join(f"  {line[:300]}" for line in lines)
