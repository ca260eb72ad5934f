"""Two calls at a handset, held, joined and muted; recordings; another sound card."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from tests.bench.sound_bed import sound_bed
from tests.sip.conftest import MakeAgent, answered_call
from tests.sip.driver import Agent
from tests.sip.sound import RATE, level_db, peaks, write_speech
from tests.sip.test_sip_sound import recorded, skip_buffered

pytestmark = pytest.mark.sip

SPEECH_DB, QUIET_DB = -45, -70


class Table:
    """Ann in the middle has Bob (call 1), who talks, and Cleo (call 3), who listens."""

    def __init__(self, make_phone: MakeAgent, tmp_path: Path) -> None:
        said, self.ear = tmp_path / "said.wav", tmp_path / "cleo.wav"
        write_speech(said)
        self.ann: Agent = make_phone()
        self.bob: Agent = make_phone(audio={"speak": str(said)})
        self.cleo: Agent = make_phone(audio={"record": str(self.ear)})
        bobs, cleos = answered_call(self.ann, self.bob), answered_call(self.ann, self.cleo, 3)
        self.bob.tell("hear", call=bobs)
        self.cleo.tell("hear", call=cleos)

    def cleo_hears(self, seconds: float = 2.0) -> float:
        skip_buffered(self.ear)
        return level_db(recorded(self.ear, seconds))


def test_three_talk_with_each_other(make_phone: MakeAgent, tmp_path: Path) -> None:
    table = Table(make_phone, tmp_path)
    assert table.cleo_hears(1.0) < QUIET_DB
    table.ann.tell("hear", calls=[1, 3])
    assert table.cleo_hears() > SPEECH_DB
    table.ann.tell("hear", calls=[1, 3], muted=True)
    table.bob.tell("hear")
    table.bob.tell("hear", call=2)
    assert table.cleo_hears() > SPEECH_DB, "a muted microphone mutes nobody else"
    table.ann.tell("hear", calls=[3])
    assert table.cleo_hears(1.0) < QUIET_DB


def test_who_is_held_hears_a_beep_now_and_then(make_phone: MakeAgent, tmp_path: Path) -> None:
    table = Table(make_phone, tmp_path)
    table.ann.tell("hear", calls=[1], held=[3])
    skip_buffered(table.ear)
    beeps = recorded(table.ear, 2.0)
    assert 425 in peaks(beeps, 1)
    assert -50 < level_db(beeps) < -25
    table.ann.tell("hear", calls=[3])
    assert table.cleo_hears(1.0) < QUIET_DB


def test_a_muted_microphone_is_silent(make_phone: MakeAgent, tmp_path: Path) -> None:
    said, ear = tmp_path / "said.wav", tmp_path / "ear.wav"
    write_speech(said)
    caller, callee = make_phone(audio={"speak": str(said)}), make_phone(audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    callee.tell("hear", call=incoming)
    caller.tell("hear", call=1, muted=True)
    skip_buffered(ear)
    assert level_db(recorded(ear, 2.0)) < QUIET_DB
    caller.tell("hear", call=1)
    skip_buffered(ear)
    assert level_db(recorded(ear, 2.0)) > SPEECH_DB


def test_a_recording_is_heard_once_and_its_end_is_told(make_agent: MakeAgent, tmp_path: Path) -> None:
    file, ear = tmp_path / "message.wav", tmp_path / "ear.wav"
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    wavfile.write(file, 16_000, (tone * 10_000).astype(np.int16))
    phone = make_agent(audio={"record": str(ear)}).started()
    phone.tell("hear", recording=str(file))
    phone.wait("RecordingEnded", file=str(file))
    skip_buffered(ear)
    heard = np.abs(recorded(ear, 0.1))
    assert heard.max() == 0
    whole = np.frombuffer(ear.read_bytes()[44:][: 2 * RATE], dtype="<i2") / 32768
    assert 1000 in peaks(whole, 1)
    phone.tell("hear")
    phone.tell("hear", recording=str(file))
    phone.wait("RecordingEnded", file=str(file))


def test_a_recording_that_is_not_there_ends_at_once(make_agent: MakeAgent, tmp_path: Path) -> None:
    phone = make_agent().started()
    missing = str(tmp_path / "none.wav")
    phone.tell("hear", recording=missing, tone="DIAL")
    phone.wait("RecordingEnded", file=missing)


def test_a_recording_that_is_taken_off_says_no_more(make_agent: MakeAgent, tmp_path: Path) -> None:
    file, ear = tmp_path / "message.wav", tmp_path / "ear.wav"
    wavfile.write(file, 16_000, np.full(8_000, 5_000, dtype=np.int16))
    phone = make_agent(audio={"record": str(ear)}).started()
    phone.tell("hear", recording=str(file))
    phone.tell("hear")
    recorded(ear, 1.0)
    assert phone.count("RecordingEnded") == 0


def test_another_sound_card_takes_over_a_call(make_phone: MakeAgent, tmp_path: Path) -> None:
    async def talk() -> None:
        async with sound_bed(tmp_path) as bed:
            await asyncio.to_thread(change_cards, bed.device("a"))

    def change_cards(card: str) -> None:
        ear = tmp_path / "ear.wav"
        caller, callee = make_phone(audio={"record": str(ear)}), make_phone()
        incoming = answered_call(caller, callee)
        caller.tell("hear", call=1)
        for name in (card, "null", "no such card", card):
            caller.tell("use_device", name=name)
            recorded(ear, 1.0)
        caller.wait_log("No sound device 'no such card'")
        assert caller.count("CallEnded") == 0
        callee.tell("hang_up", call=incoming)
        assert caller.wait("CallEnded")["words"] == "The far end hung up"
        caller.stop()

    asyncio.run(talk())


def test_a_card_may_come_after_the_phone(make_agent: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    audio = {"device": "no such card", "record": str(ear)}
    phone = make_agent(audio=audio | {"may_come_later": True}).started()
    phone.wait_log("No sound device 'no such card'")
    phone.tell("use_device", name="null")
    phone.tell("hear", tone="DIAL")
    skip_buffered(ear)
    assert 425 in peaks(recorded(ear, 1.0), 1)


def test_a_card_that_must_be_there_and_is_not_is_told(make_agent: MakeAgent) -> None:
    phone = make_agent(audio={"device": "no such card"})
    assert "No sound device 'no such card'. Set audio device to" in phone.wait("Failed")["words"]
