"""What root does at each start, before the phone: applies the files of installers that it finds."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kallphone.device.layout import Layout
from kallphone.provision.boot_partition import BootPartition
from kallphone.provision.card_text import CardText, decoded, parsed
from kallphone.provision.errors import PlanOlder, ProvisionError
from kallphone.provision.handover import read_errors
from kallphone.provision.leftovers import leftovers, misnamed
from kallphone.provision.record import Record, read_record, write_record

log = logging.getLogger(__name__)

CARD = "kallphone.toml"
PINS = "pins.toml"
PLAN = "phones.kall"
ERRORS = "kallphone-errors.txt"
FETCHED = Path("provision") / PLAN
FROM_STICK = Path("provision") / "stick.kall"
"""Below layout.system: plans that came over the network, and on a stick that was not there at the start."""
OLDER_KEPT = 4
"""So many overtaken plans lie about at most, on card, sticks and fetched: they are not read at each start."""

Sticks = Callable[[], Iterable[tuple[str, bytes]]]


@dataclass(frozen=True)
class Surroundings:
    """`serial` is the board's, `day` today in words, `sticks` the plans on USB sticks, by name."""

    layout: Layout
    boot: BootPartition
    serial: str
    day: Callable[[], str]
    sticks: Sticks


class Provisioning:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._layout = around.layout
        self._boot = around.boot
        self._faults: list[str] = []

    def run(self) -> tuple[str, ...]:
        """What is wrong, in words, a line each; told on the card and to the wizard as well. Never raises."""
        for line in leftovers(self._boot.folder):
            log.info("%s", line)
        if fault := misnamed(self._boot.folder):
            self._faults.append(fault)
        self._attempt(self._card)
        self._attempt(self._plans)
        self._tell()
        return tuple(self._faults)

    def _attempt(self, step: Callable[[], None]) -> None:
        from kallphone.storage.errors import StorageError

        try:
            step()
        except ProvisionError as fault:
            self._faults += str(fault).splitlines()
        except (OSError, StorageError) as fault:
            self._faults.append(f"not applied, and tried again at the next start: {fault}")

    def _card(self) -> None:
        content, pins = self._boot.read(CARD), self._boot.read(PINS)
        record = read_record(self._layout.system)
        if content is None or not self._is_news(content, pins, record):
            return
        card = decoded(CARD, content)
        done = self._apply_card(card, pins, record)
        self._scrub(card)
        applied = self._boot.read(CARD) or b""
        write_record(self._layout.system, dataclasses.replace(done, card=digest(applied), pins=digest(pins)))
        log.info("%s was applied", CARD)

    def _is_news(self, content: bytes, pins: bytes | None, record: Record) -> bool:
        """A file that the card named and that is gone was copied, and nobody misses it."""
        if (digest(content), digest(pins)) != (record.card, record.pins):
            return True
        named = ((self._boot.read(path), was) for path, was in record.files.items())
        return any(now is not None and digest(now) != was for now, was in named)

    def _apply_card(self, card: CardText, pins: bytes | None, record: Record) -> Record:
        document = parsed(CARD, card.text)
        if not document and pins is None and not record.card:
            return record
        # Only now: a phone at whose card nobody changed anything starts without these libraries.
        from kallphone.provision.answers import answers_of
        from kallphone.provision.applying import Application, check_wifi, networks_of
        from kallphone.provision.config_file import files_named
        from kallphone.provision.pin_table import pin_table
        from kallphone.provision.scrub import was_scrubbed

        answers = answers_of(CARD, document, self._boot.folder)
        if record.card or not was_scrubbed(card.text):
            # One that was erased since is asked for it on the phone.
            check_wifi(CARD, document, networks_of(self._layout))
        table = pin_table(pins, answers.display)
        done = Application(self._layout, CARD, "card", answers, record, table).apply()
        if answers.device_file and done.account is not None:
            from kallphone.provision.device_file import device_of

            device = device_of(self._around.serial, done.account)
            self._boot.write(device.name, device.encode())
        files = {str(path): digest(path.read_bytes()) for path in files_named(answers.config)}
        return dataclasses.replace(done.record, files=files)

    def _scrub(self, card: CardText) -> None:
        from kallphone.provision.scrub import scrubbed, secrets_in

        if secrets_in(parsed(CARD, card.text)):
            clean = dataclasses.replace(card, text=scrubbed(card.text, self._around.day()))
            self._boot.write(CARD, clean.encode())

    def _plans(self) -> None:
        for name, content in self._found_plans():
            self._attempt(lambda name=name, content=content: self._plan(name, content))  # type: ignore[misc]

    def _found_plans(self) -> Iterable[tuple[str, bytes]]:
        if (content := self._boot.read(PLAN)) is not None:
            yield PLAN, content
        for kept, name in ((FETCHED, f"the fetched {PLAN}"), (FROM_STICK, f"{PLAN} of a USB stick")):
            if (file := self._layout.system / kept).exists():
                yield name, file.read_bytes()
        yield from self._around.sticks()

    def _plan(self, name: str, content: bytes) -> None:
        record, this = read_record(self._layout.system), digest(content)
        if this == record.plan_digest or this in record.older:
            return
        from kallphone.provision.plan_desk import apply_plan

        try:
            done = apply_plan(self._layout, self._around.serial, name, content, record)
        except PlanOlder as older:
            log.info("%s", older)
            done = dataclasses.replace(record, older=[*record.older, this][-OLDER_KEPT:])
        else:
            done = dataclasses.replace(done, plan_digest=this)
            log.info("%s with serial %d was applied", name, done.plan_serial)
        write_record(self._layout.system, done)

    def _tell(self) -> None:
        """Where a PC, and where the glass finds it."""
        for fault in self._faults:
            log.error("%s", fault)
        try:
            if self._faults:
                self._boot.write(ERRORS, _on_a_pc(self._faults))
            else:
                self._boot.remove(ERRORS)
        except (OSError, ProvisionError) as fault:
            log.warning("%s can't be written: %s", ERRORS, fault)
        state = self._layout.state
        if not state.exists() or read_errors(state) == tuple(self._faults):
            return
        from kallphone.provision.handover import write_errors
        from kallphone.provision.owner_files import as_owner

        try:
            with as_owner(state):
                write_errors(state, tuple(self._faults))
        except OSError as fault:
            log.warning("the glass is not told: %s", fault)


def digest(content: bytes | None) -> str:
    """Empty where there is no file."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _on_a_pc(faults: list[str]) -> bytes:
    lines = [
        "Nothing of a file that is named here was applied. Mend it, and start the phone again.",
        "",
        *faults,
    ]
    return ("\r\n".join(lines) + "\r\n").encode()
