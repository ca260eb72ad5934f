from __future__ import annotations

import pytest

from kallphone.phone.national_tones import NATIONAL_TONES
from kallphone.phone.tones import (
    CADENCES,
    CONTINUOUS_MS,
    DISTINCTIVE_RINGS,
    REMINDER_RING,
    RING_CADENCES,
    Burst,
    Cadence,
    Tone,
)

COUNTRIES = sorted(CADENCES)
OURS = (Tone.HOLD, Tone.CONFIRM, Tone.LOW_CREDIT, Tone.HOWLER)


def seconds(cadence: Cadence) -> float:
    return sum(burst.on_ms + burst.off_ms for burst in cadence) / 1000


def share_on(cadence: Cadence) -> float:
    return sum(burst.on_ms for burst in cadence) / 1000 / seconds(cadence)


def test_there_are_enough_countries() -> None:
    assert len(COUNTRIES) >= 14
    assert sorted(RING_CADENCES) == COUNTRIES


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_country_is_complete(country: str) -> None:
    assert set(CADENCES[country]) == set(Tone)


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("tone", list(Tone))
def test_a_step_is_plausible(country: str, tone: Tone) -> None:
    cadence = CADENCES[country][tone]
    for burst in cadence:
        assert 1 <= len(burst.hz) <= 2
        # ITU-T E.180: 340 to 500 Hz; warnings and second frequencies lie above.
        assert all(340 <= hz <= 2100 for hz in burst.hz)
        assert burst.on_ms == CONTINUOUS_MS or 40 <= burst.on_ms <= 4000
        assert 0 <= burst.off_ms <= 15_000


@pytest.mark.parametrize("country", COUNTRIES)
def test_tones_can_be_told_apart(country: str) -> None:
    tones = CADENCES[country]
    assert len({tones[tone] for tone in (Tone.DIAL, Tone.RINGBACK, Tone.BUSY, Tone.RECALL)}) == 4
    # ITU-T E.180: ringback is slow, busy fast.
    assert seconds(tones[Tone.RINGBACK]) >= 2.5 > 2.0 >= seconds(tones[Tone.BUSY])
    assert share_on(tones[Tone.DIAL]) >= 0.4
    assert share_on(tones[Tone.RECALL]) >= 0.5


@pytest.mark.parametrize("country", COUNTRIES)
def test_call_waiting_leaves_room_for_speech(country: str) -> None:
    waiting = CADENCES[country][Tone.WAITING]
    assert share_on(waiting) <= 0.15
    assert all(burst.on_ms <= 500 for burst in waiting)


@pytest.mark.parametrize("tone", OURS)
def test_our_own_tones_are_the_same_everywhere(tone: Tone) -> None:
    assert len({CADENCES[country][tone] for country in COUNTRIES}) == 1


def test_a_held_caller_hears_a_double_beep_each_ten_seconds() -> None:
    hold = CADENCES["de"][Tone.HOLD]
    assert len(hold) == 2
    assert seconds(hold) == 10.0


@pytest.mark.parametrize(("country", "tone", "cadence"), [
    ("de", Tone.DIAL, (Burst((425,), CONTINUOUS_MS, 0),)),
    ("de", Tone.BUSY, (Burst((425,), 480, 480),)),
    ("de", Tone.REORDER, (Burst((425,), 240, 240),)),
    ("de", Tone.RECALL, (Burst((400, 425), CONTINUOUS_MS, 0),)),
    ("de", Tone.WAITING, (Burst((425,), 200, 200), Burst((425,), 200, 5000))),
    ("gb", Tone.RINGBACK, (Burst((400, 450), 400, 200), Burst((400, 450), 400, 2000))),
    ("gb", Tone.REORDER, (Burst((400,), 400, 350), Burst((400,), 225, 525))),
    ("gb", Tone.RECALL, (Burst((350, 440), 750, 0), Burst((440,), 750, 0))),
    ("us", Tone.RINGBACK, (Burst((440, 480), 2000, 4000),)),
    ("us", Tone.BUSY, (Burst((480, 620), 500, 500),)),
    ("us", Tone.RECALL, (*(Burst((350, 440), 100, 100),) * 3, Burst((350, 440), CONTINUOUS_MS, 0))),
    ("us", Tone.WAITING, (Burst((440,), 300, 10_000),)),
    ("fr", Tone.RINGBACK, (Burst((440,), 1500, 3500),)),
    ("it", Tone.DIAL, (Burst((425,), 200, 200), Burst((425,), 600, 1000))),
    ("jp", Tone.BUSY, (Burst((400,), 500, 500),)),
    ("au", Tone.DIAL, (Burst((413, 438), CONTINUOUS_MS, 0),)),
    ("pt", Tone.WAITING, (Burst((425,), 200, 200), Burst((425,), 200, 5000))),
    ("jp", Tone.RINGBACK, (Burst((384, 416), 1000, 2000),)),
    ("se", Tone.REORDER, (Burst((425,), 250, 750),)),
])
def test_values_of_the_list(country: str, tone: Tone, cadence: Cadence) -> None:
    assert CADENCES[country][tone] == cadence


@pytest.mark.parametrize(("country", "bell"), [
    ("de", ((1.0, 4.0),)),
    ("gb", ((0.4, 0.2), (0.4, 2.0))),
    ("us", ((2.0, 4.0),)),
    ("fr", ((1.5, 3.5),)),
    ("es", ((1.5, 3.0),)),
    ("jp", ((1.0, 2.0),)),
])
def test_bells_of_the_list(country: str, bell: tuple[tuple[float, float], ...]) -> None:
    assert RING_CADENCES[country] == bell


@pytest.mark.parametrize("cadence", [*RING_CADENCES.values(), *DISTINCTIVE_RINGS, REMINDER_RING])
def test_a_bell_rings_at_least_every_six_seconds(cadence: tuple[tuple[float, float], ...]) -> None:
    assert all(0.2 <= on <= 2.0 and 0.2 <= off <= 5.0 for on, off in cadence)
    assert 2.0 <= sum(on + off for on, off in cadence) <= 6.0


def test_distinctive_rings_are_no_countrys_bell() -> None:
    assert len(set(DISTINCTIVE_RINGS)) == 4
    assert not set(DISTINCTIVE_RINGS) & {national.bell for national in NATIONAL_TONES.values()}
