from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kallmachine.config import load_config
from kallmachine.errors import MachineError
from kallnet.account import address_to_hex
from kallnet.errors import KallnetError
from kallphone.payments.errors import PaymentsError
from kallphone.sip import SipError
from kallphone.storage.errors import StorageError

COMMANDS = {
    "echo": "answer calls and let callers hear themselves",
    "voicemail": "take messages for phones that forward their calls here",
    "account": "print the account of this machine",
    "config-check": "read a file and say what is wrong with it",
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname).1s %(threadName)s %(name)s: %(message)s",
    )
    # Recordings and keys are for their owner's eyes only, whoever makes the file.
    os.umask(0o077)
    try:
        _run(options.command, options.file)
    except (MachineError, KallnetError, PaymentsError, SipError, StorageError) as error:
        print(f"kallmachine: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kallmachine", description="Machines that answer calls.")
    parser.add_argument("--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        commands.add_parser(name, help=words, description=words).add_argument(
            "file", type=Path, help="the machine's file (TOML)"
        )
    return parser


def _run(command: str, file: Path) -> None:
    config = load_config(file)
    match command:
        case "account":
            from kallphone.parts import open_account

            print(address_to_hex(open_account(config.phone.state).address))
        case "config-check":
            print(f"{file} is good")
        case _:
            from kallmachine.app import run_echo, run_voicemail

            asyncio.run((run_echo if command == "echo" else run_voicemail)(config, _announce))


def _announce(number: str) -> None:
    print(f"The line is up: {number[:3]} {number[3:6]} {number[6:]}", flush=True)
