from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kallphone.device.layout import Layout
from kallphone.update.card import Card
from kallphone.update.disk import Disk
from kallphone.update.errors import (
    CardTrouble,
    Misnamed,
    Postponed,
    Refused,
    TooOld,
    Unreachable,
    UpdateError,
    UpToDate,
)
from kallphone.update.keys import TrustedKeys
from kallphone.update.manifest import PRODUCT, Manifest
from kallphone.update.memory import Memory, Pending
from kallphone.update.phone import RunningPhone
from kallphone.update.slots import Slot, Trial, other
from kallphone.update.sources import Folder, Source, signed_manifest
from kallphone.update.staging import Staging

log = logging.getLogger(__name__)

WAIT_FOR_PEACE = 3600.0  # seconds until the next day's run tries again
_LOOK_EVERY = 5.0
_RESTART_TAKES = 180.0


class Power(Protocol):
    def restart(self) -> None:
        """Asks for it and returns."""


@dataclass(frozen=True, slots=True)
class Box:
    """The flashed phone as updates see it. `build`: of the running system; `slot`: where it runs from."""

    layout: Layout
    card: Card
    disk: Disk
    memory: Memory
    phone: RunningPhone
    power: Power
    slot: Slot
    build: int
    version: str
    image_keys: TrustedKeys
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Offer:
    manifest: Manifest
    source: Source


class Updater:
    """From an offer to a restart into it. Whatever goes wrong on the way, the running system stays chosen."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._staging = Staging(box.card, box.disk)

    def check(self, sources: Sequence[Source]) -> Offer:
        """The first offer that this phone would take. Raises what was wrong with the last source."""
        trouble: UpdateError = Unreachable("there is no address of updates and no USB stick with one")
        for source in sources:
            try:
                return self._offer(source)
            except UpdateError as error:
                log.info("%s: %s", source.name, error)
                trouble = error
        raise trouble

    def take(self, sources: Sequence[Source], *, asked: bool = False) -> None:
        """Installs the first offer whose content is what it says. Does not return but by an UpdateError.

        `asked`: somebody stands before the phone, perhaps with what mends it.
        """
        while True:
            offer = self.check(sources)
            sources = sources[sources.index(offer.source) + 1 :]
            try:
                self.install(offer, unregistered=asked and isinstance(offer.source, Folder))
            except (Refused, Unreachable) as error:
                # A stick that is left in the phone must not keep it from its server.
                if not sources:
                    raise
                log.warning("%s: %s", offer.source.name, error)

    def install(self, offer: Offer, *, unregistered: bool = False) -> None:
        """Does not return but by an error: the phone starts again. Raises UpdateError.

        `unregistered`: also where the phone has no line, which the new system may be there to mend.
        """
        box, manifest = self._box, offer.manifest
        target = other(box.slot)
        if box.card.chosen() != box.slot or box.card.trial() is not None:
            raise Postponed("the phone has a system on trial, or was started by hand: start it again first")
        if not self._staging.is_ready(target, manifest):
            box.memory.say(f"Version {manifest.version} is being fetched.")
            self._stage(target, offer)
        box.memory.say(f"Version {manifest.version} is ready and waits until nobody uses the phone.")
        with box.phone.to_ourselves(WAIT_FOR_PEACE, _LOOK_EVERY):
            self._start_trial(target, manifest, unregistered)

    def _stage(self, target: Slot, offer: Offer) -> None:
        memory, manifest = self._box.memory, offer.manifest
        try:
            self._staging.stage(target, manifest, offer.source.stream(manifest.file, manifest.size))
        except Misnamed as error:
            # As a trial that failed: else all of it would be fetched every day.
            attempt = memory.next_attempt(manifest.build)
            pending = Pending(manifest.build, manifest.version, target, attempt)
            memory.failed(pending, str(error), self._box.clock())
            memory.say(f"{error}: it is not taken.")
            raise

    def _offer(self, source: Source) -> Offer:
        box = self._box
        manifest, newest = signed_manifest(source, box.memory.keys(box.image_keys))
        box.memory.keep_keys(newest, box.image_keys)
        if manifest.product != PRODUCT:
            raise Refused(f"the update is for {manifest.product}, this phone is {PRODUCT}")
        if manifest.build == box.build:
            raise UpToDate(f"version {box.version} is the newest")
        # What once proved itself is taken again: its slot may have been damaged since.
        if manifest.build < max(box.build, box.memory.floor()):
            raise TooOld(f"version {manifest.version} is older than what this phone has had: it is not taken")
        self._may_try(manifest)
        source.require(manifest.file, manifest.size)
        return Offer(manifest, source)

    def _may_try(self, manifest: Manifest) -> None:
        failure = self._box.memory.failure()
        if failure and failure.build == manifest.build and not failure.may_try_again(self._box.clock()):
            raise Postponed(
                f"version {manifest.version} did not work here ({failure.reason}): it is tried again later or"
                " not at all; a newer one is taken at once"
            )

    def _start_trial(self, target: Slot, manifest: Manifest, unregistered: bool) -> None:
        box = self._box
        # A trial ends by a registration: where there can be none now, a good system would pass for a bad one.
        if not unregistered and not box.phone.is_registered_now():
            raise Postponed("the phone is not registered with its provider: the update is ready and waits")
        attempt = box.memory.next_attempt(manifest.build)
        with box.card.writable():
            box.card.set_trial(Trial(target, 1, box.slot))
            # After the trial: found without one, it means that the initramfs ended the trial.
            box.memory.expect(Pending(manifest.build, manifest.version, target, attempt))
            box.card.choose(target)
        box.memory.say(f"Version {manifest.version} is on trial.")
        restart(box)


def restart(box: Box) -> None:
    """Does not return while the restart is under way."""
    box.power.restart()
    box.sleep(_RESTART_TAKES)
    raise CardTrouble("the phone did not start again: switch it off and on")
