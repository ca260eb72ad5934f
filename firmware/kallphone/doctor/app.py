"""The doctor with a phone in its hands: what is asked of a person, then what the machine tells by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from kallphone.config import PhoneConfig
from kallphone.device.layout import Layout
from kallphone.doctor import hands
from kallphone.doctor.examination import TITLES, Check, Examination
from kallphone.doctor.findings import Finding, bad, skipped
from kallphone.doctor.hall import Hall, held
from kallphone.doctor.machine import Machine
from kallphone.doctor.results import Results
from kallphone.doctor.sound import Air, AlsaAir
from kallphone.doctor.stage import Ended, Stage
from kallphone.hardware.board import Surroundings
from kallphone.hardware.errors import HardwareError
from kallphone.hardware.oled import ADAPTERS, bus_speed
from kallphone.hardware.pins import Pins, load_pins
from kallphone.languages import translation
from kallphone.parts import Face, make_preferences, surroundings
from kallphone.phone.events import KeyPressed
from kallphone.phone.menu.text import own, text
from kallphone.phone.sound import Levels
from kallphone.phone.words import ENGLISH, N_, Words
from kallphone.storage.database import Database
from kallphone.storage.errors import StorageError

HANDS = ("keypad", "hook", "display", "lamps", "bell", "handset")

READ_S = 180.0
"""Nobody has pressed a key for so long: the phone goes back to being one."""

LEVELS = Levels(handset=8, ringer=10, speaker=7, sidetone=0, boost=False)
"""Without sidetone the ear plays nothing but the tone."""

REPORT = "doctor.json"


def run_doctor_on_glass(layout: Layout, *, panel: bool, pins: Path | None) -> bool:
    """Asks and shows on the phone itself, until somebody leaves; false where it was told to stop.

    Raises HardwareError without a glass.
    """
    examination = Examination(Machine(), layout, layout.config)
    with _opened(examination.config) as told:
        hall = Hall(told.words)
        with held(hall, told.surroundings, load_pins(pins), panel=panel) as face, suppress(Ended):
            findings = examine(hall, examination, face, load_pins(pins), told.device)
            keep_report(layout.run, findings)
            if face.report is not None:
                face.report("Examined", {"findings": [each.plain() for each in findings]})
            _read_through(hall, Results(findings), told.words)
            return True
    return False


def run_doctor_with_hands(
    examination: Examination, *, panel: bool, pins: Path | None, echo: Callable[[str], None] | None
) -> list[Finding]:
    """For a terminal: the same on a phone that nobody else runs, without the pages to read afterwards.

    A phone whose display is broken says on the terminal what is to be done.
    """
    with _opened(examination.config) as told:
        hall = Hall(told.words, echo=echo)
        trouble: list[str] = []
        given = replace(told.surroundings, do_without_display=trouble.append)
        try:
            with held(hall, given, load_pins(pins), panel=panel) as face:
                findings = examine(hall, examination, face, load_pins(pins), told.device, " ".join(trouble))
                if face.report is not None:
                    face.report("Examined", {"findings": [each.plain() for each in findings]})
                return findings
        except Ended:
            raise KeyboardInterrupt from None
        except HardwareError as error:
            return [*without_hands(str(error)), *examine_machine(Hall(told.words), examination)]


def without_hands(why: str) -> list[Finding]:
    return [skipped(check, N_("Not looked at: {why}"), why=why) for check in HANDS]


def examine(
    stage: Stage, examination: Examination, face: Face, pins: Pins, device: str, trouble: str = ""
) -> list[Finding]:
    face.mixer.set(LEVELS)
    by_hand: tuple[Check, ...] = (
        ("keypad", lambda: hands.check_keypad(stage, pins.keypad.layout)),
        ("hook", lambda: hands.check_hook(stage)),
        ("display", lambda: hands.check_display(stage, bus_speed(pins.display.bus, ADAPTERS), trouble)),
        ("lamps", lambda: hands.check_lamps(stage)),
        ("bell", lambda: hands.check_ringer(stage)),
        ("handset", lambda: hands.check_handset(stage, lambda: _air(device, face))),
    )
    return [*_done(by_hand, stage, announced=False), *examine_machine(stage, examination)]


def examine_machine(stage: Stage, examination: Examination) -> list[Finding]:
    return _done(tuple(examination.checks()), stage, announced=True)


def keep_report(folder: Path, findings: list[Finding]) -> None:
    """For the diagnostics; a phone whose disk won't can still be examined."""
    told = json.dumps([each.plain() for each in findings], indent=1)
    scratch = folder / f".{REPORT}"
    with suppress(OSError):
        scratch.write_text(told, encoding="utf-8")
        scratch.replace(folder / REPORT)


def _done(checks: tuple[Check, ...], stage: Stage, *, announced: bool) -> list[Finding]:
    findings: list[Finding] = []
    for name, look in checks:
        if announced:
            stage.say(N_("Self-test"), text(N_("Looking at:")), text(TITLES[name]))
            stage.wait(0)  # whoever wants to leave is heard
        findings.append(_looked(name, look))
    return findings


def _looked(name: str, look: Callable[[], Finding]) -> Finding:
    """A check that fails itself is told as such, and the others go on."""
    try:
        return look()
    except Ended:
        raise
    except Exception as error:  # whatever it is, it must not hide the other findings
        return bad(
            name, N_("The check itself failed: {why}. Save diagnostics and send them in."), why=repr(error)
        )


def _air(device: str, face: Face) -> Air | None:
    if device in ("", "null"):
        return None
    return AlsaAir(device, face.panel.board.alsa if face.panel is not None else None)


def _read_through(stage: Hall, results: Results, words: Words) -> None:
    while not results.over:
        stage.show(results.screen(words, TITLES))
        match stage.wait(READ_S):
            case KeyPressed(key=key):
                results = results.pressed(key)
            case None:
                return
            case _:
                continue
    stage.say(N_("Self-test"), own(""), text(N_("The phone starts again.")))


@dataclass(frozen=True)
class _Told:
    """What the phone's settings tell a doctor."""

    words: Words = ENGLISH
    surroundings: Surroundings = field(default_factory=Surroundings)
    device: str = ""


@contextmanager
def _opened(config: PhoneConfig | None) -> Iterator[_Told]:
    """A phone that is not set up, or whose disk is broken, is examined in English."""
    if config is None:
        yield _Told()
        return
    file = config.state / "phone.sqlite"
    try:
        # One that is made here might be root's, and out of the phone's reach.
        database = Database(file) if file.exists() else None
    except (StorageError, OSError):
        database = None
    if database is None:
        yield _Told(translation(config.language), Surroundings(), config.audio_device)
        return
    try:
        language = make_preferences(config, database).load().language
        yield _Told(translation(language), surroundings(config, database), config.audio_device)
    finally:
        database.close()
