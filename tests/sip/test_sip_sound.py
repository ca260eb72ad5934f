from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.sip.conftest import MakeAgent, answered_call
from tests.sip.driver import until
from tests.sip.sound import RATE, Samples, level_db, median_pesq, peaks, read, write_speech

pytestmark = pytest.mark.sip


def recorded(path: Path, seconds: float) -> Samples:
    """What is recorded from now on."""
    have = len(read(path)) if path.exists() else 0
    wanted = have + int(seconds * RATE)
    until(lambda: path.exists() and len(read(path)) >= wanted)
    return read(path)[have:wanted]


def skip_buffered(path: Path) -> None:
    """What the recorder still holds back (a few thousand bytes) was played before."""
    recorded(path, 0.3)


@pytest.mark.parametrize(("country", "hz"), [("de", {425}), ("gb", {350, 440}), ("us", {350, 440})])
def test_dial_tone(make_agent: MakeAgent, tmp_path: Path, country: str, hz: set[int]) -> None:
    ear = tmp_path / "ear.wav"
    phone = make_agent(country=country, audio={"record": str(ear)}).started()
    assert level_db(recorded(ear, 0.3)) < -80
    phone.tell("hear", tone="DIAL")
    skip_buffered(ear)
    tone = recorded(ear, 1.0)
    assert peaks(tone, len(hz)) == hz
    # -10 dBm0 is 13.14 dB under a full-scale sine, whose RMS is 3.01 dB under full scale.
    assert level_db(tone) == pytest.approx(-16.15, abs=0.5)


def test_on_hook_is_silent(make_agent: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    phone = make_agent(audio={"record": str(ear)}).started()
    phone.tell("hear", tone="HOWLER")
    skip_buffered(ear)
    assert level_db(recorded(ear, 0.5)) > -30
    phone.tell("hear")
    skip_buffered(ear)
    assert np.abs(recorded(ear, 0.5)).max() == 0


def test_busy_follows_its_cadence(make_agent: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    phone = make_agent(country="de", audio={"record": str(ear)}).started()
    phone.tell("hear", tone="BUSY")
    skip_buffered(ear)
    sounding = np.abs(recorded(ear, 480 * 2 * 3 / 1000)).reshape(-1, RATE // 100).max(axis=1) > 0.01
    assert np.mean(sounding) == pytest.approx(0.5, abs=0.03)
    changes = np.flatnonzero(np.diff(sounding.astype(int)))
    assert np.diff(changes) == pytest.approx(48, abs=2)


def test_speech_arrives_as_it_was_said(make_phone: MakeAgent, tmp_path: Path) -> None:
    said, ear = tmp_path / "said.wav", tmp_path / "ear.wav"
    sentences = write_speech(said)
    caller, callee = make_phone(audio={"speak": str(said)}), make_phone(audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    callee.tell("hear", call=incoming)
    caller.tell("hear", call=1)
    score = median_pesq(sentences, recorded(ear, len(read(said)) / RATE + 1.0))
    print(f"PESQ-WB {score:.2f}")
    assert score >= 3.5


def test_nothing_is_said_or_heard_before_the_call_is_joined(make_phone: MakeAgent, tmp_path: Path) -> None:
    said, ear = tmp_path / "said.wav", tmp_path / "ear.wav"
    write_speech(said)
    caller, callee = make_phone(audio={"speak": str(said)}), make_phone(audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    callee.tell("hear", call=incoming)
    assert level_db(recorded(ear, 2.0)) < -70
    caller.tell("hear", call=1)
    skip_buffered(ear)
    assert level_db(recorded(ear, 3.0)) > -40
    callee.tell("hear")
    skip_buffered(ear)
    assert np.abs(recorded(ear, 0.5)).max() == 0


def test_low_credit_is_heard_over_the_call(make_phone: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    caller, callee = make_phone(), make_phone(country="de", audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    callee.tell("hear", call=incoming, tone="LOW_CREDIT")
    skip_buffered(ear)
    assert 1400 in peaks(recorded(ear, 5.0), 1)


def test_hands_free_speech_is_heard_through_the_echo_canceller_and_after_it(
    make_phone: MakeAgent, tmp_path: Path
) -> None:
    said, ear = tmp_path / "said.wav", tmp_path / "ear.wav"
    write_speech(said)
    caller, callee = make_phone(audio={"speak": str(said)}), make_phone(audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    callee.tell("hear", call=incoming, hands_free=True)
    caller.tell("hear", call=1)
    skip_buffered(ear)
    assert max(level_db(recorded(ear, 0.5)) for _ in range(6)) > -40
    callee.tell("hear", call=incoming)
    skip_buffered(ear)
    assert max(level_db(recorded(ear, 0.5)) for _ in range(6)) > -40
