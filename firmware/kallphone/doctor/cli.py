"""`kallphone doctor` and `kallphone diagnostics`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from kallphone.device.layout import Layout
from kallphone.doctor.desk import EXPORTED

_HARDWARE_IS_TAKEN = (
    "the phone runs and holds its hardware. On the phone: # with the handset down, 9, Device, Self-test"
)


def add_commands(commands: Any) -> None:
    doctor = commands.add_parser(
        "doctor", help="look whether all parts of this phone work, and say what to do"
    )
    _add_phone(doctor)
    doctor.add_argument(
        "--panel", action="store_true", help="simulated hardware, held over stdin and stdout (JSON)"
    )
    doctor.add_argument("--pins", type=Path, metavar="FILE", help="instead of the pin table that came along")
    doctor.add_argument("--no-hands", action="store_true", help="leave out what a person has to do")
    doctor.add_argument("--json", action="store_true", help="print what was found as JSON")
    doctor.set_defaults(run=_doctor)
    diagnostics = commands.add_parser(
        "diagnostics", help="save all that a helper wants to see, without secrets"
    )
    _add_phone(diagnostics)
    where = diagnostics.add_mutually_exclusive_group(required=True)
    where.add_argument("-o", "--output", type=Path, metavar="FILE", help="a ZIP; replaced if it exists")
    where.add_argument(
        "--to-usb", action="store_true", help="to a USB stick, else to the card's first part; needs root"
    )
    diagnostics.set_defaults(run=_diagnostics)


def _add_phone(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "file", type=Path, nargs="?", help="kallphone.toml of a phone; this flashed phone's by default"
    )
    which.add_argument("--root", type=Path, metavar="DIR", help="a flashed phone's folders below DIR")


def _doctor(arguments: argparse.Namespace) -> int:
    from kallphone.doctor.app import examine_machine, run_doctor_with_hands, without_hands
    from kallphone.doctor.examination import TITLES, Examination
    from kallphone.doctor.findings import Verdict, lines, worst
    from kallphone.doctor.hall import Hall
    from kallphone.doctor.machine import Machine
    from kallphone.phone.words import ENGLISH

    layout, machine = Layout.below(arguments.root), Machine()
    examination = Examination(machine, layout, arguments.file or layout.config)
    if (
        machine.run(["systemctl", "is-active", "--quiet", "kallphone.service"]) is not None
        and not arguments.panel
    ):
        findings = [*without_hands(_HARDWARE_IS_TAKEN), *examine_machine(Hall(ENGLISH), examination)]
    elif arguments.no_hands:
        findings = examine_machine(Hall(ENGLISH), examination)
    else:
        echo = None if arguments.panel or arguments.json else _print
        findings = run_doctor_with_hands(examination, panel=arguments.panel, pins=arguments.pins, echo=echo)
    if arguments.json:
        _print(json.dumps([each.plain() for each in findings], indent=1))
    else:
        _print("\n".join(lines(findings, TITLES)))
    return 1 if worst(findings) is Verdict.BAD else 0


def _diagnostics(arguments: argparse.Namespace) -> int:
    from kallnet.account import address_to_hex
    from kallphone.doctor.app import examine_machine
    from kallphone.doctor.diagnostics import collect, write_whole
    from kallphone.doctor.examination import Examination
    from kallphone.doctor.hall import Hall
    from kallphone.doctor.machine import Machine
    from kallphone.phone.words import ENGLISH

    layout, machine = Layout.below(arguments.root), Machine()
    file = arguments.file or layout.config
    examination = Examination(machine, layout, file)
    state = examination.config.state if examination.config is not None else layout.state
    account = address_to_hex(examination.account) if examination.account is not None else ""
    content = collect(
        machine, layout, file, state, lambda: examine_machine(Hall(ENGLISH), examination), account
    )
    if arguments.to_usb:
        return _carry_away(machine, layout, content)
    try:
        write_whole(arguments.output, content)
    except OSError as error:
        print(f"kallphone: {arguments.output}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"saved in {arguments.output}: look through it before you hand it on")
    return 0


def _carry_away(machine: Any, layout: Layout, content: bytes) -> int:
    """What came of it is told on the phone, too."""
    from kallphone.doctor.diagnostics import write_whole
    from kallphone.doctor.stick import NothingToWriteOn, save

    try:
        words, failed = save(machine, layout, content), False
    except NothingToWriteOn as error:
        words, failed = str(error), True
    print(words, file=sys.stderr if failed else sys.stdout)
    write_whole(layout.run / EXPORTED, json.dumps({"words": words, "failed": failed}).encode())
    return 1 if failed else 0


def _print(words: str) -> None:
    print(words, flush=True)
