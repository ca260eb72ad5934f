"""`kallphone provision`, on the phone as root, and `kallphone batch`, at the installer's desk."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from kallphone.device.layout import Layout
from kallphone.provision.errors import ProvisionError


def main(argv: Sequence[str]) -> int:
    """These commands alone, for a start that waits for them."""
    parser = argparse.ArgumentParser(prog="kallphone")
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except ProvisionError as error:
        print(f"kallphone: {error}", file=sys.stderr)
        return 1


def add_commands(commands: Any) -> None:
    _add_provision(commands)
    _add_batch(commands)


def _add_provision(commands: Any) -> None:
    parser = commands.add_parser("provision", help="what an installer's file on the card says (root)")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, run, words in (
        ("apply", _apply, "apply kallphone.toml and phones.kall where they changed"),
        ("look", _look, "get phones.kall from a USB stick, for the next start"),
        ("fetch", _fetch, "get phones.kall from [installer] plan_url, for the next start"),
    ):
        verb = verbs.add_parser(name, help=words, description=words)
        verb.add_argument("--root", type=Path, metavar="DIR", help="a flashed phone's folders below DIR")
        verb.set_defaults(run=run)
    words = "read a kallphone.toml of a card, on any computer, and say what is wrong with it"
    check = verbs.add_parser("check", help=words, description=words)
    check.add_argument("file", type=Path)
    check.set_defaults(run=_check)


def _add_batch(commands: Any) -> None:
    parser = commands.add_parser("batch", help="one file for many phones")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    key = verbs.add_parser("new-key", help="make the installer's key, and say its account")
    key.add_argument("file", type=Path)
    key.set_defaults(run=_new_key)
    collect = verbs.add_parser("collect", help="gather device-*.toml of cards and sticks")
    collect.add_argument("sources", type=Path, nargs="+", metavar="FOLDER")
    collect.add_argument("-o", "--output", type=Path, default=Path("devices"), metavar="DIR")
    collect.set_defaults(run=_collect)
    seal = verbs.add_parser("seal", help="make one file of a plan, sealed to each phone's key")
    seal.add_argument("plan", type=Path, metavar="PLAN", help="plan.toml")
    seal.add_argument("devices", type=Path, metavar="DEVICES", help="the folder of device-*.toml")
    seal.add_argument("-o", "--output", type=Path, default=Path("phones.kall"), metavar="FILE")
    seal.add_argument("--key", type=Path, required=True, metavar="FILE", help="the installer's key")
    seal.add_argument("--partial", action="store_true", help="though phones of the plan have no device file")
    seal.set_defaults(run=_seal)


def _apply(arguments: argparse.Namespace) -> None:
    """What is wrong with a file is told where its owner looks; the unit that reads it has not failed."""
    from kallphone.doctor.machine import Machine
    from kallphone.provision.board import board_serial
    from kallphone.provision.boot_partition import BootPartition, as_it_is, mount_again
    from kallphone.provision.provisioning import PLAN, Provisioning, Surroundings
    from kallphone.provision.sticks import plans_on_sticks

    _log_plainly()
    root, layout = arguments.root or Path("/"), Layout.below(arguments.root)
    remount = as_it_is if arguments.root else mount_again
    around = Surroundings(
        layout=layout,
        boot=BootPartition(layout.boot, remount),
        serial=board_serial(root),
        day=lambda: time.strftime("%Y-%m-%d"),
        sticks=lambda: plans_on_sticks(PLAN, Machine(root)),
    )
    if not Provisioning(around).run():
        _note_what_was_seen(root)


def _note_what_was_seen(root: Path) -> None:
    """The next start needs no look then; after a fault each start has another."""
    import subprocess

    with as_file(files("kallphone.provision") / "unchanged.sh") as asked:
        subprocess.run(["sh", str(asked), str(root), "note"], check=False)


def _fetch(arguments: argparse.Namespace) -> None:
    from kallphone.provision.fetching import fetch_plan

    _print_new(fetch_plan(Layout.below(arguments.root)))


def _look(arguments: argparse.Namespace) -> None:
    from kallphone.doctor.machine import Machine
    from kallphone.provision.fetching import plan_of_sticks
    from kallphone.provision.provisioning import PLAN
    from kallphone.provision.sticks import plans_on_sticks

    sticks = plans_on_sticks(PLAN, Machine(arguments.root or Path("/")))
    _print_new(plan_of_sticks(Layout.below(arguments.root), sticks))


def _print_new(is_new: bool) -> None:
    print(
        "a new plan is here: it is applied when the phone starts again" if is_new else "there is no new plan"
    )


def _check(arguments: argparse.Namespace) -> None:
    from kallphone.provision.desk import check_card

    print("\n".join(check_card(arguments.file)))


def _new_key(arguments: argparse.Namespace) -> None:
    from kallphone.provision.desk import new_key

    print("\n".join(new_key(arguments.file)))


def _collect(arguments: argparse.Namespace) -> None:
    from kallphone.provision.desk import collect

    print("\n".join(collect(arguments.sources, arguments.output)))


def _seal(arguments: argparse.Namespace) -> None:
    from kallphone.provision.desk import seal_plan

    now = int(time.time())
    lines = seal_plan(
        arguments.plan, arguments.devices, arguments.output, arguments.key, now, partial=arguments.partial
    )
    print("\n".join(lines))


def _log_plainly() -> None:
    """The journal knows the time already."""
    stamp = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.basicConfig(level=logging.INFO, format=f"{stamp}%(levelname).1s %(message)s")
