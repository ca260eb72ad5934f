"""After a start: keeps a system that proves itself, leaves one that does not, tidies up after power cuts."""

from __future__ import annotations

import logging
from dataclasses import replace

from kallphone.update.install import Box, restart
from kallphone.update.memory import MOST_ATTEMPTS, Pending
from kallphone.update.slots import Trial

log = logging.getLogger(__name__)

TRIAL_TAKES = 600.0  # seconds for the first registration
_LOOK_EVERY = 2.0
NEVER_STARTED = "it did not start, or was switched off while on trial"
NEEDED_THE_JUMPER = "it did not start, and the jumper brought the system before it back"
NEVER_REGISTERED = "it did not register with the provider within 10 minutes"


def settle(box: Box) -> None:
    """Draws the conclusions that need no waiting. Twice is as good as once. Raises CardTrouble, OSError."""
    if box.card.chosen() != box.slot:
        return  # started by hand, beside the chosen one: nothing here is this system's to judge
    trial, pending = box.card.trial(), box.memory.pending()
    if trial is not None and trial.slot == box.slot:
        return
    if pending and pending.build == box.build:
        _keep(box, pending.version)
    elif pending:
        # tries=1: cut before the switch, so nothing was tried.
        if trial is None or trial.tries == 0:
            _note_failure(box, pending, NEVER_STARTED)
        box.memory.nothing_pending()
    if trial is not None:
        with box.card.writable():
            box.card.set_trial(None)


def confirm(box: Box) -> None:
    """Waits for the outcome of a trial, if there is one; does not return from one that failed."""
    settle(box)
    trial = box.card.trial()
    if trial is not None and trial.slot == box.card.chosen() != box.slot == trial.back:
        _end_by_hand(box, trial)
    if trial is None or trial.slot != box.slot or box.card.chosen() != box.slot:
        return
    if _registers(box):
        with box.card.writable():
            box.card.set_trial(None)
        _keep(box, box.version)
        return
    pending = box.memory.pending() or Pending(
        box.build, box.version, box.slot, box.memory.next_attempt(box.build)
    )
    try:
        _note_failure(box, pending, NEVER_REGISTERED)
    except OSError as error:
        log.warning("the failure could not be noted: %s", error.strerror)
    restart(box)


def _end_by_hand(box: Box, trial: Trial) -> None:
    """The jumper started this system beside one on trial.

    Not in `settle`: between its switch and its restart an updater finds the card like this, too.
    """
    pending = box.memory.pending()
    if pending and trial.tries:
        # Not even its initramfs ran, which counts: another try would want the jumper again.
        _note_failure(box, replace(pending, attempt=MOST_ATTEMPTS), NEEDED_THE_JUMPER)
    elif pending:
        _note_failure(box, pending, NEVER_STARTED)
    with box.card.writable():
        box.card.choose(box.slot)
        box.card.set_trial(None)
    box.memory.nothing_pending()


def _keep(box: Box, version: str) -> None:
    """Only when the trial is over: a floor above a system that is left again would shut the next one out."""
    box.memory.raise_floor(box.build)
    box.memory.say(f"Version {version} has proved itself.")
    box.memory.nothing_pending()


def _note_failure(box: Box, pending: Pending, reason: str) -> None:
    failure = box.memory.failed(pending, reason, box.clock())
    words = f"Version {failure.version} was left again: {failure.reason}."
    log.warning("%s", words)
    box.memory.say(words, failed=f"{failure.version}, {failure.reason}")


def _registers(box: Box) -> bool:
    """Two different messages of this boot's phone, both of a registered phone of this very release.

    Two, since one may be old; compared with each other, since the clock may be set between them.
    """
    end = box.monotonic() + TRIAL_TAKES
    first: int | None = None
    while box.monotonic() < end:
        heard = box.phone.hear()
        if heard is None or not heard.registered or heard.release != box.build:
            first = None
        elif first is None:
            first = heard.spoke
        elif heard.spoke != first:
            return True
        box.sleep(_LOOK_EVERY)
    return False
