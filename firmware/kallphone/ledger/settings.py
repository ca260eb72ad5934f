from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kallphone.ledger.errors import UsageError

_PATHS = {
    "deployment": ("KALLPHONE_DEPLOYMENT", "where the contracts are, as contracts/deploy.py wrote it"),
    "key": ("KALLPHONE_KEY", "the key that signs: 32 bytes in hex, readable by its owner only"),
    "payer": ("KALLPHONE_PAYER", "the key that pays the gas; the same one by default"),
    "agreements": ("KALLPHONE_AGREEMENTS", "where agreements are; `agreements` beside the key by default"),
    "ca-file": ("KALLPHONE_CA_FILE", "the authority of providers without a public certificate"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    rpc: tuple[str, ...]
    deployment: Path | None = None
    key: Path | None = None
    payer: Path | None = None
    agreements: Path | None = None
    ca_file: Path | None = None

    def agreements_folder(self) -> Path:
        if self.agreements is not None:
            return self.agreements
        return required(self.key, "key").parent / "agreements"


def add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("ledger")
    group.add_argument(
        "--rpc", action="append", metavar="URL", help="a JSON-RPC endpoint, may be repeated [KALLPHONE_RPC]"
    )
    for name, (variable, words) in _PATHS.items():
        kind = "DIR" if name == "agreements" else "FILE"
        group.add_argument(f"--{name}", type=Path, metavar=kind, help=f"{words} [{variable}]")
    group.add_argument("--json", action="store_true", help="answer with one JSON object")


def settings_of(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """What was typed, else what the environment says; several endpoints stand there between spaces."""
    rpc = options.rpc or environment.get("KALLPHONE_RPC", "").split()
    paths: dict[str, Path | None] = {}
    for name, (variable, _) in _PATHS.items():
        field = name.replace("-", "_")
        said = environment.get(variable)
        paths[field] = getattr(options, field) or (Path(said) if said else None)
    return Settings(tuple(rpc), **paths)


def required(path: Path | None, name: str) -> Path:
    if path is None:
        variable, words = _PATHS[name]
        raise UsageError(f"name a file with --{name} or {variable}: {words}")
    return path
