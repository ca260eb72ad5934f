"""Finished wheels on disk, each under the key of all that went into it."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Store:
    root: Path

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    def logs(self, key: str) -> Path:
        return self.root / "logs" / key

    def wheel(self, key: str) -> Path | None:
        return next((self.root / key).glob("*.whl"), None)

    def workspace(self) -> Path:
        self.root.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self.root, prefix=".build-"))

    def keep(self, key: str, wheel: Path, facts: dict[str, object]) -> Path:
        """Move a finished wheel in, whole or not at all; of two that built the same one, either may win."""
        entry = Path(tempfile.mkdtemp(dir=self.root, prefix=".entry-"))
        entry.chmod(0o755)
        shutil.copy2(wheel, entry)
        (entry / "build.json").write_text(json.dumps(facts, indent=2) + "\n")
        try:
            entry.rename(self.root / key)
        except OSError:
            shutil.rmtree(entry)
            if self.wheel(key) is None:
                raise
        return self.root / key / wheel.name


def default_store() -> Store:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Store(Path(base).expanduser() / "kallphone" / "pjsua2")
