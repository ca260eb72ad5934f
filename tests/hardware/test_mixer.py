from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise

import pytest

from kallphone.hardware.mixer import BOOST_DB, AlsaMixer, control_device, level_db, level_percent
from kallphone.hardware.simulated_alsa import SimulatedAlsa, SimulatedControl
from kallphone.phone.sound import Levels

TIMEOUT_S = 30
LEVELS = Levels(handset=6, ringer=7, speaker=5, sidetone=3, boost=False)


def settled(alsa: SimulatedAlsa, true: Callable[[], bool]) -> bool:
    with alsa.changed:
        return alsa.changed.wait_for(true, TIMEOUT_S)


def mixed(controls: dict[str, SimulatedControl], levels: Levels) -> None:
    """What the mixer makes of a card, without its thread."""
    AlsaMixer("usb", SimulatedAlsa({"usb": controls}))._apply(levels)


def test_steps_in_decibels_are_even_and_the_boost_is_on_top():
    span = (-48.0, 6.0)
    steps = [level_db(step, span, boost=False) for step in range(1, 11)]
    assert steps == sorted(steps)
    assert all(after - before == 3 for before, after in pairwise(steps))
    assert level_db(10, span, boost=True) == 6.0
    assert level_db(10, span, boost=True) - level_db(10, span, boost=False) == BOOST_DB


@pytest.mark.parametrize("boost", [False, True])
@pytest.mark.parametrize("span", [(-12.0, 0.0), (0.0, 9.0), (-99_999.99, 4.0)])
def test_a_card_with_few_decibels_is_never_asked_for_more_than_it_has(
    span: tuple[float, float], *, boost: bool
):
    levels = [level_db(step, span, boost=boost) for step in range(1, 11)]
    assert all(span[0] <= level <= span[1] for level in levels)
    assert levels == sorted(levels)


def test_steps_in_percent_reach_from_silence_to_everything():
    assert level_percent(0, boost=True) == 0
    assert level_percent(10, boost=True) == 100
    assert level_percent(10, boost=False) == 80
    steps = [level_percent(step, boost=False) for step in range(11)]
    assert steps == sorted(set(steps))


def test_each_path_gets_its_own_control():
    controls = {
        name: SimulatedControl((-48.0, 6.0)) for name in ("Master", "Speaker", "Headphone", "Sidetone", "Mic")
    }
    mixed(controls, LEVELS)
    span = (-48.0, 6.0)
    assert controls["Headphone"].decibels == level_db(6, span, boost=False)
    assert controls["Speaker"].decibels == level_db(5, span, boost=False)
    assert controls["Sidetone"].decibels == level_db(3, span, boost=False)
    assert controls["Master"].decibels is controls["Mic"].decibels is None


def test_a_card_with_one_control_follows_the_earpiece():
    controls = {"Speaker": SimulatedControl()}
    mixed(controls, LEVELS)
    assert controls["Speaker"].decibels == level_db(6, (-48.0, 6.0), boost=False)


def test_boost_is_for_the_earpiece_alone():
    controls = {"Headphone": SimulatedControl(), "Speaker": SimulatedControl()}
    mixed(controls, Levels(10, 10, 10, 10, boost=True))
    assert controls["Headphone"].decibels == 6.0
    assert controls["Speaker"].decibels == 6.0 - BOOST_DB


def test_a_microphone_that_only_records_is_no_sidetone():
    controls = {"Mic": SimulatedControl(capabilities=("Capture Volume", "Capture Mute"))}
    mixed(controls, LEVELS)
    assert controls["Mic"].decibels is controls["Mic"].percent is None


def test_nought_is_muted_and_one_is_not():
    controls = {"Headphone": SimulatedControl()}
    mixed(controls, Levels(0, 0, 0, 0, boost=False))
    assert controls["Headphone"].muted
    assert controls["Headphone"].percent == 0
    mixed(controls, Levels(1, 0, 0, 0, boost=False))
    assert not controls["Headphone"].muted


def test_a_card_without_decibels_is_set_in_percent():
    controls = {"PCM": SimulatedControl(span=None, capabilities=("Volume",))}
    mixed(controls, LEVELS)
    assert controls["PCM"].percent == level_percent(6, boost=False)


def test_a_card_that_comes_back_is_set_like_before(caplog: pytest.LogCaptureFixture):
    alsa = SimulatedAlsa({})
    mixer = AlsaMixer("usb", alsa)
    mixer.start()
    mixer.set(LEVELS)
    mixer.set(LEVELS)
    control = SimulatedControl()
    alsa.controls["usb"] = {"Headphone": control}
    mixer.set_again()
    assert settled(alsa, lambda: control.decibels == level_db(6, (-48.0, 6.0), boost=False))
    mixer.stop()
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) <= 1


def test_without_any_mixer_it_is_told_once_and_nothing_fails(caplog: pytest.LogCaptureFixture):
    mixer = AlsaMixer("usb", SimulatedAlsa({}))
    for _ in range(3):
        mixer._apply(LEVELS)
    assert [record.getMessage() for record in caplog.records] == [
        "the volumes of 'usb' can't be set: No such file or directory [usb]"
    ]


@pytest.mark.parametrize(("sound", "mixer"), [
    ("plughw:CARD=Device,DEV=0", "hw:CARD=Device"), ("sysdefault:CARD=Device", "hw:CARD=Device"),
    ("hw:1,0", "hw:1"), ("plughw:Device,0", "hw:Device"), ("default", "default"), ("handset_a", "handset_a"),
])
def test_a_sound_device_leads_to_its_cards_mixer(sound: str, mixer: str):
    assert control_device(sound) == mixer


def test_a_ringers_own_card_is_as_loud_as_it_can_be_and_a_shared_one_is_left_to_the_earpiece():
    cards = {"hw:CARD=Device": {"Speaker": SimulatedControl()}, "hw:CARD=Bell": {"PCM": SimulatedControl()}}
    AlsaMixer("plughw:CARD=Device", SimulatedAlsa(cards), "plughw:CARD=Bell")._apply(LEVELS)
    assert cards["hw:CARD=Bell"]["PCM"].decibels == 6.0
    AlsaMixer("plughw:CARD=Device", SimulatedAlsa(cards), "plughw:CARD=Device")._apply(LEVELS)
    assert cards["hw:CARD=Device"]["Speaker"].decibels == level_db(6, (-48.0, 6.0), boost=False)


def test_null_is_silently_no_mixer(caplog: pytest.LogCaptureFixture):
    AlsaMixer("null", SimulatedAlsa({}))._apply(LEVELS)
    assert caplog.records == []
