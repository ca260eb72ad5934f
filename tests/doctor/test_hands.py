"""What a person does, does not do, and what the doctor makes of it."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable

import pytest

from kallphone.doctor import hands
from kallphone.doctor.findings import Finding, Verdict
from kallphone.doctor.sound import BLOCK, RATE, SoundFailed, measure, pattern_of_tone
from kallphone.hardware.drawing import draw
from kallphone.phone.events import Event, KeyHeld, KeyPressed, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.words import ENGLISH
from tests.doctor.fakes import FakeStage, Reaction

LAYOUT = ("123", "456", "789", "*0#")
DELAY_MS = 100


def words(finding: Finding) -> str:
    return finding.said.put(ENGLISH)


def pressing(keys: str) -> Reaction:
    """Somebody who presses these, one each time they are asked."""
    left = list(keys)

    def person(said: str) -> Iterable[Event]:
        return [KeyPressed(left.pop(0))] if "Press each key" in said and left else []

    return person


def answering(key: str) -> Reaction:
    return lambda said: [KeyPressed(key)] if "# yes" in said else []


def obeying(said: str) -> Iterable[Event]:
    if "Lift" in said:
        return [OffHook()]
    return [OnHook()] if "Lay" in said else []


def test_every_key_is_seen_once() -> None:
    stage = FakeStage(pressing("".join(LAYOUT)))
    finding = hands.check_keypad(stage, LAYOUT)
    assert (finding.verdict, words(finding)) == (Verdict.GOOD, "All 12 keys work.")
    assert stage.said[2].endswith("2 3 4 5 6 7 8 9 * 0 # ")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("12346789*0#", "Not seen: 5"),
        ("123789*0#", "whole row are missing: 4 5 6"),
        ("134679*#", "whole column are missing: 2 5 8 0"),
        ("", "No key came"),
    ],
)
def test_keys_that_never_come_are_named(keys: str, told: str) -> None:
    finding = hands.check_keypad(FakeStage(pressing(keys)), LAYOUT)
    assert finding.verdict is Verdict.BAD
    assert told in words(finding)


def test_a_key_that_is_down_without_a_hand_is_stuck() -> None:
    stage = FakeStage(lambda said: [KeyPressed("7"), KeyHeld("7")] if "Hands off" in said else [])
    assert "Stuck: 7" in words(hands.check_keypad(stage, LAYOUT))


def test_an_impatient_key_is_not_stuck() -> None:
    keys = pressing("123456789*0#")
    stage = FakeStage(lambda said: [KeyPressed("7")] if "Hands off" in said else keys(said))
    assert hands.check_keypad(stage, LAYOUT).verdict is Verdict.GOOD


def test_the_hook_is_lifted_and_laid() -> None:
    stage = FakeStage(obeying)
    assert hands.check_hook(stage).verdict is Verdict.GOOD
    assert len(stage.said) == 2


def test_a_handset_that_lies_beside_the_phone_is_laid_down_first() -> None:
    stage = FakeStage(obeying)
    stage.lifted = True
    assert hands.check_hook(stage).verdict is Verdict.GOOD
    assert [said.split()[1] for said in stage.said] == ["Lay", "Lift", "Lay"]


@pytest.mark.parametrize(("moves", "told"), [((), "Lifting was not"), ((OffHook(),), "Laying down was not")])
def test_a_hook_that_does_not_move_says_which_way(moves: tuple[Event, ...], told: str) -> None:
    finding = hands.check_hook(FakeStage(lambda said: moves if "Lift" in said else ()))
    assert finding.verdict is Verdict.BAD
    assert told in words(finding)


@pytest.mark.parametrize(("key", "verdict"), [("#", Verdict.GOOD), ("*", Verdict.BAD), ("", Verdict.SKIPPED)])
@pytest.mark.parametrize(
    "check", [hands.check_lamps, hands.check_ringer, lambda stage: hands.check_display(stage, None)]
)
def test_eyes_and_ears_are_asked(check: Callable[[FakeStage], Finding], key: str, verdict: Verdict) -> None:
    assert check(FakeStage(answering(key) if key else lambda _said: ())).verdict is verdict


def test_lamps_and_bell_are_off_again() -> None:
    stage = FakeStage(answering("#"))
    hands.check_lamps(stage)
    hands.check_ringer(stage)
    assert stage.lights == [(Light.ON, Light.BLINKING), (Light.OFF, Light.OFF)]
    assert stage.rings[0] is not None
    assert stage.rings[-1] is None


@pytest.mark.parametrize("size", [(128, 64), (128, 128)])
def test_the_pattern_lights_nearly_every_pixel(size: tuple[int, int]) -> None:
    lit = draw(hands.ALL_BRIGHT, size).convert("L").tobytes().count(255)
    assert lit > 0.95 * size[0] * size[1]


def test_a_slow_bus_is_told_where_the_display_is_good() -> None:
    finding = hands.check_display(FakeStage(answering("#")), 100_000)
    assert finding.verdict is Verdict.WARNING
    assert finding.figures["khz"] == 100
    assert hands.check_display(FakeStage(answering("#")), 400_000).verdict is Verdict.GOOD


class Air:
    """Hears what is said `gain` times as loud, a tenth of a second later; `noise` is a hum at 50 Hz."""

    def __init__(self, gain: float, noise: float = 0.0, *, broken: bool = False) -> None:
        self.gain, self.noise, self.broken = gain, noise, broken

    def through(self, spoken: bytes) -> bytes:
        if self.broken:
            raise SoundFailed("Device or resource busy")
        said = array.array("h", spoken)
        late = RATE * DELAY_MS // 1000
        heard = [0.0] * late + [self.gain * sample for sample in said[:-late]]
        hum = (self.noise if n // 480 % 2 else -self.noise for n in range(len(heard)))
        return array.array("h", (round(a + b) for a, b in zip(heard, hum, strict=True))).tobytes()


@pytest.mark.parametrize("gain", [1.0, 0.05])
def test_what_the_ear_plays_is_found_in_what_the_microphone_hears(gain: float) -> None:
    loop = measure(Air(gain, 100).through(pattern_of_tone()))
    assert loop.heard
    assert loop.delay_ms == pytest.approx(DELAY_MS, abs=1000 * BLOCK / RATE)


def test_a_hum_is_not_the_tone() -> None:
    assert not measure(Air(0.0, 8000).through(pattern_of_tone())).heard


def test_silence_of_no_microphone_is_told_from_that_of_a_quiet_one() -> None:
    assert measure(Air(0.0).through(pattern_of_tone())).silent
    assert not measure(Air(0.0, 20).through(pattern_of_tone())).silent
    assert measure(b"").silent


@pytest.mark.parametrize(
    ("air", "key", "verdict", "told"),
    [
        (Air(0.5), "", Verdict.GOOD, "Ear and microphone work."),
        (Air(0.005, 3), "", Verdict.WARNING, "softly"),
        (Air(0.0, 30), "#", Verdict.WARNING, "did not hear the ear"),
        (Air(0.0), "#", Verdict.BAD, "microphone brings nothing"),
        (Air(0.0, 30), "*", Verdict.BAD, "ear is silent"),
        (Air(0.0, 30), "", Verdict.SKIPPED, "nobody said"),
        (Air(0.0, broken=True), "", Verdict.BAD, "Device or resource busy"),
        (None, "", Verdict.SKIPPED, "No sound device"),
    ],
)
def test_the_handset_is_heard_or_its_broken_half_is_found(
    air: Air | None, key: str, verdict: Verdict, told: str
) -> None:
    person = answering(key) if key else obeying
    finding = hands.check_handset(FakeStage(person), lambda: air)
    assert finding.verdict is verdict
    assert told in words(finding)
