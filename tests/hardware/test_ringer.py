from __future__ import annotations

import array
import logging
import threading
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest
from gpiozero.pins.mock import MockFactory

from kallphone.hardware.cadence import beats
from kallphone.hardware.pins import RingerPins
from kallphone.hardware.ringer import BuzzerRinger
from kallphone.hardware.simulated_alsa import SimulatedAlsa
from kallphone.hardware.sound_ringer import BLOCK, RATE, SoundRinger, blocks, warble
from kallphone.phone.sound import Ring
from kallphone.phone.tones import RING_CADENCES

TIMEOUT_S = 30
BUZZER = RingerPins(4, active_high=True)
BRITISH = Ring(((0.4, 0.2), (0.4, 2.0)))


class Log:
    """What the pin was, and for how long, as the buzzer's thread waits its beats out: no time passes."""

    def __init__(self, factory: MockFactory, beats_to_log: int) -> None:
        self.pin = factory.pin(BUZZER.pin)
        self.left = beats_to_log
        self.written: list[tuple[bool, float]] = []
        self.done = threading.Event()

    def wait(self, changed: threading.Condition, seconds: float | None) -> bool:
        if seconds is None:
            return changed.wait()
        if self.left == 0:
            self.done.set()
            return changed.wait()
        self.left -= 1
        self.written.append((bool(self.pin.state), seconds))
        return False


def logged(factory: MockFactory, ring: Ring, count: int) -> list[tuple[bool, float]]:
    log = Log(factory, count)
    ringer = BuzzerRinger(BUZZER, factory, log.wait)
    ringer.start()
    ringer.ring(ring)
    assert log.done.wait(TIMEOUT_S)
    ringer.stop()
    return log.written


def test_a_buzzer_keeps_a_cadence_of_several_beats(factory: MockFactory):
    assert logged(factory, BRITISH, 6) == [
        (True, 0.4), (False, 0.2), (True, 0.4), (False, 2.0), (True, 0.4), (False, 0.2),
    ]


@pytest.mark.parametrize("country", sorted(RING_CADENCES))
def test_a_buzzer_keeps_the_cadence_of(country: str, factory: MockFactory):
    ring = Ring(RING_CADENCES[country])
    assert logged(factory, ring, 8) == list(islice(beats(ring), 8))


def test_a_buzzer_at_volume_nought_is_silent(factory: MockFactory):
    assert {on for on, _ in logged(factory, Ring(BRITISH.cadence, volume=0), 6)} == {False}


def test_silence_of_no_length_makes_one_long_beat():
    assert list(islice(beats(Ring(((1.0, 0.0),))), 3)) == [(True, 1.0)] * 3


@pytest.mark.parametrize("active_high", [True, False])
def test_a_buzzer_is_silent_at_once_when_told_and_when_stopped(factory: MockFactory, *, active_high: bool):
    log = Log(factory, 0)
    ringer = BuzzerRinger(RingerPins(4, active_high), factory, log.wait)
    ringer.start()
    ringer.ring(BRITISH)
    assert log.done.wait(TIMEOUT_S)
    assert log.pin.state == active_high
    assert ringer.ringing
    ringer.ring(None)
    ringer.stop()
    assert not ringer.ringing
    assert not any(thread.name == "buzzer" for thread in threading.enumerate())


def samples(sound: bytes) -> array.array[int]:
    return array.array("h", sound)


def second(ring: Ring, count: int = 1) -> array.array[int]:
    return samples(b"".join(islice(blocks(ring), count * RATE // BLOCK)))


def test_the_ring_tone_is_loud_and_joins_without_a_click():
    tone = samples(warble(10) * 3)
    assert 31_000 < max(tone) <= 32_767
    steepest = max(abs(after - before) for before, after in pairwise(tone))
    assert steepest < 32_000 * 2 * 3.15 * 1000 / RATE


@pytest.mark.parametrize("hz", [800, 1000])
def test_the_ring_tone_has_its_two_notes(hz: int):
    tone = warble(10)
    half = samples(tone[: len(tone) // 2] if hz == 800 else tone[len(tone) // 2 :])
    crossings = sum(before < 0 <= after for before, after in pairwise(half))
    assert crossings == pytest.approx(hz * len(half) / RATE, abs=1)


def test_each_step_of_volume_is_three_decibels_and_nought_is_silence():
    peaks = [max(samples(warble(volume))) for volume in range(11)]
    assert peaks[0] == 0
    for quieter, louder in pairwise(peaks[1:]):
        assert louder / quieter == pytest.approx(10 ** (3 / 20), rel=0.02)


def test_the_sound_keeps_the_cadence():
    sound = second(BRITISH, 3)
    for at_s, sounds in ((0.1, True), (0.5, False), (0.8, True), (1.2, False), (2.9, False)):
        window = sound[round(at_s * RATE) : round((at_s + 0.08) * RATE)]
        assert any(window) is sounds, at_s


class Bell(BuzzerRinger):
    """The fallback, which tells when it was asked."""

    def __init__(self, factory: MockFactory) -> None:
        super().__init__(BUZZER, factory)
        self.asked: list[Ring | None] = []
        self.told = threading.Condition()

    def ring(self, ring: Ring | None) -> None:
        with self.told:
            self.asked.append(ring)
            self.told.notify_all()

    def was_asked(self, *rings: Ring | None) -> bool:
        with self.told:
            return self.told.wait_for(lambda: self.asked == list(rings), TIMEOUT_S)


@pytest.fixture
def alsa() -> SimulatedAlsa:
    return SimulatedAlsa(pace=lambda seconds: None)


@pytest.fixture
def bell(factory: MockFactory) -> Bell:
    return Bell(factory)


@pytest.fixture
def ringer(alsa: SimulatedAlsa, bell: Bell) -> Iterator[SoundRinger]:
    made = SoundRinger("default", bell, alsa)
    made.start()
    yield made
    made.stop()
    assert not any(thread.name == "ringer" for thread in threading.enumerate())


def played(alsa: SimulatedAlsa, count: int) -> bytes:
    with alsa.changed:
        assert alsa.changed.wait_for(lambda: len(alsa.played.get("default", b"")) >= count, TIMEOUT_S)
        return bytes(alsa.played["default"][:count])


def test_a_sound_card_rings_in_cadence_and_stops(ringer: SoundRinger, alsa: SimulatedAlsa, bell: Bell):
    ringer.ring(BRITISH)
    assert samples(played(alsa, 2 * RATE)) == second(BRITISH)
    ringer.ring(None)
    assert bell.asked == []


def test_a_ring_that_follows_another_counts_at_once(ringer: SoundRinger, alsa: SimulatedAlsa):
    ringer.ring(BRITISH)
    played(alsa, RATE)
    ringer.ring(Ring(((0.1, 0.1),), volume=1))
    quiet = max(samples(warble(1)))
    with alsa.changed:
        assert alsa.changed.wait_for(lambda: max(samples(alsa.played["default"][-RATE:])) == quiet, TIMEOUT_S)


def test_a_busy_card_is_told_and_the_buzzer_rings(
    ringer: SoundRinger, alsa: SimulatedAlsa, bell: Bell, caplog: pytest.LogCaptureFixture
):
    alsa.busy.add("default")
    ringer.ring(BRITISH)
    assert bell.was_asked(BRITISH)
    ringer.ring(None)
    assert bell.was_asked(BRITISH, None)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "'default' can't be used (Device or resource busy [default]): the buzzer rings" in caplog.text
    alsa.busy.clear()
    ringer.ring(BRITISH)
    played(alsa, RATE)


def test_a_card_pulled_out_while_it_rings_leaves_the_ringing_to_the_buzzer(
    ringer: SoundRinger, alsa: SimulatedAlsa, bell: Bell
):
    ringer.ring(BRITISH)
    played(alsa, RATE)
    del alsa.controls["default"]
    assert bell.was_asked(BRITISH)
