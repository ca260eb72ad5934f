from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from kallnet.errors import KallnetError
from kallphone.config import load_config
from kallphone.device.cli import add_commands as add_device_commands
from kallphone.doctor.cli import add_commands as add_doctor_commands
from kallphone.ledger.cli import add_commands as add_ledger_commands
from kallphone.owner.cli import add_commands as add_owner_commands
from kallphone.provision.cli import add_commands as add_provision_commands
from kallphone.update.cli import add_commands as add_update_commands


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except KeyboardInterrupt:
        return 130
    except _expected() as error:
        print(f"kallphone: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kallphone", description="A desk phone that needs no phone company."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="be a phone")
    run.add_argument("file", type=Path, help="kallphone.toml")
    run.add_argument(
        "--panel", action="store_true", help="simulated hardware, held over stdin and stdout (JSON)"
    )
    run.add_argument("--pins", type=Path, metavar="FILE", help="instead of the pin table that came along")
    run.add_argument("--log", type=Path, help="where the log goes; stderr by default")
    run.add_argument("--withhold-vouchers-after", type=int, metavar="N", help=argparse.SUPPRESS)
    run.add_argument("--lose-packets", type=int, default=0, metavar="PERCENT", help=argparse.SUPPRESS)
    run.set_defaults(run=_run)
    check = commands.add_parser("config-check", help="read a kallphone.toml and say what is wrong with it")
    check.add_argument("file", type=Path, help="kallphone.toml")
    check.set_defaults(run=_check)
    account = commands.add_parser("account", help="print the account that kallCoin for this phone goes to")
    account.add_argument("file", type=Path, help="kallphone.toml")
    account.set_defaults(run=_account)
    demo = commands.add_parser("demo", help="a whole network here, and phones to hold on a page in a browser")
    demo.add_argument("--script", metavar="NAME", help="play a story instead: " + ", ".join(_STORY_NAMES))
    demo.add_argument("--json", type=Path, metavar="FILE", help="where the story's report goes")
    demo.add_argument("--state", type=Path, metavar="DIR", help="where everything is kept; emptied first")
    demo.add_argument("--terminal", action="store_true", help="hold the phones in this terminal instead")
    demo.add_argument("--phones", type=int, choices=range(2, 5), default=2, help="how many; two by default")
    demo.add_argument("--no-open", action="store_true", help="print the page's address, open no browser")
    demo.set_defaults(run=_demo)
    add_ledger_commands(commands)
    add_owner_commands(commands)
    add_doctor_commands(commands)
    add_device_commands(commands)
    add_provision_commands(commands)
    add_update_commands(commands)
    return parser


_STORY_NAMES = ("call", "no-credit", "vouchers-stop", "provider-dies", "crash", "transfers")


def _run(arguments: argparse.Namespace) -> None:
    from kallphone.app import run_phone

    _log_to(arguments.log)
    config = load_config(arguments.file)
    asyncio.run(
        run_phone(
            config,
            panel=arguments.panel,
            pins=arguments.pins,
            withhold_vouchers_after=arguments.withhold_vouchers_after,
            loss_percent=arguments.lose_packets,
        )
    )


def _check(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.file)
    for name in ("deployment", "ca_file", "speak"):
        path = getattr(config, name)
        if path is not None and not path.exists():
            print(f"{arguments.file}: {name}: {path} does not exist")
    print(f"{arguments.file} is good")


def _account(arguments: argparse.Namespace) -> None:
    from kallnet.account import address_to_hex
    from kallphone.parts import open_account

    print(address_to_hex(open_account(load_config(arguments.file).state).address))


def _demo(arguments: argparse.Namespace) -> int:
    from kallphone.demo.command import Face, run_demo

    face = Face(arguments.phones, arguments.terminal, not arguments.no_open)
    return run_demo(arguments.script, arguments.json, arguments.state, face)


def _log_to(path: Path | None) -> None:
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format="%(asctime)s %(levelname).1s %(threadName)s %(name)s: %(message)s",
    )


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose words are for the person at the terminal; all others are bugs and show a trace."""
    expected: list[type[Exception]] = [KallnetError]
    modules = {
        "kallphone.hardware.errors": "HardwareError",
        "kallphone.sip.settings": "SipError",
        "kallphone.storage.errors": "StorageError",
        "kallphone.payments.errors": "PaymentsError",
        "kallphone.ledger.errors": "CommandError",
        "kallphone.provision.errors": "ProvisionError",
        "kallphone.update.errors": "UpdateError",
        "kallphone.demo.process": "DemoError",
        "kallphone.demo.chain": "ChainError",
        "kallphone.bench.held": "HeldPhoneError",
    }
    for module, name in modules.items():
        if module in sys.modules:
            expected.append(getattr(sys.modules[module], name))
    return tuple(expected)
