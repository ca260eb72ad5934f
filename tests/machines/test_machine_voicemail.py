"""A voicemail and its callers, each with a pjsua2 endpoint of its own, over a TLS proxy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kallnet.account import Account
from kallnet.mail_names import VOICE
from kallnet.number import number_for
from kallnet.sealed import open_sealed
from kallnet.voice import Voice, decode_voice
from tests.machines.conftest import MakeMachine
from tests.machines.samples import MACHINE, REGISTRY
from tests.sip.conftest import MakeAgent
from tests.sip.driver import Agent, until
from tests.sip.sound import Samples, level_db, median_pesq, read, write_speech

pytestmark = pytest.mark.sip


def place(caller: Agent, machine: Agent, diverted_from: str) -> None:
    """As a phone does that was sent on by the one it called."""
    caller.tell("place", call=1, uri=f"sip:{machine.name}@test", diverted_from=diverted_from)


def left_a_message(caller: Agent, machine: Agent, diverted_from: str, seconds: int) -> None:
    """The caller speaks after the tone and hangs up."""
    place(caller, machine, diverted_from)
    caller.wait("FarEndRinging", call=1)
    caller.wait("MediaStarted", call=1)
    machine.wait("Played")
    caller.tell("hear", call=1)
    # Each Heard is a second of recording.
    for _ in range(seconds):
        machine.wait("Heard")
    caller.tell("hang_up", call=1)


def opened(posted: Path, callee: Account, index: int = 0) -> Voice:
    until(lambda: (posted / str(index)).exists() and (posted / str(index)).stat().st_size > 0)
    message = open_sealed(callee, REGISTRY, (posted / str(index)).read_bytes())
    assert (message.sender, message.kind) == (MACHINE.address, VOICE)
    return decode_voice(message.body)


def sound(voice: Voice, folder: Path) -> Samples:
    ogg, wav = folder / "left.opus", folder / "left.wav"
    ogg.write_bytes(voice.ogg)
    subprocess.run(["opusdec", "--quiet", "--rate", "48000", str(ogg), str(wav)], check=True)
    return read(wav)


def plain(folder: Path) -> list[Path]:
    return list((folder / "state" / "recordings").iterdir())


@pytest.fixture
def diverted_from(callee: Account) -> str:
    return str(number_for(callee.address, 0))


def test_the_callee_hears_what_the_caller_said(
    make_machine: MakeMachine, make_phone: MakeAgent, callee: Account, diverted_from: str, tmp_path: Path
) -> None:
    said, posted = tmp_path / "said.wav", tmp_path / "posted"
    sentences = write_speech(said)
    posted.mkdir()
    machine = make_machine("voicemail")
    caller = make_phone(audio={"speak": str(said)})
    left_a_message(caller, machine, diverted_from, len(read(said)) // 48_000 + 2)
    voice = opened(posted, callee)
    assert voice.caller == caller.account
    assert voice.number == str(number_for(voice.caller, 0))
    heard = sound(voice, tmp_path)
    assert voice.seconds == pytest.approx(len(heard) / 48_000, abs=1.1)
    score = median_pesq(sentences, heard)
    print(f"PESQ-WB {score:.2f}, {len(voice.ogg) * 8 / voice.seconds / 1000:.1f} kb/s")
    assert score >= 2.5
    until(lambda: plain(tmp_path) == [])
    until(lambda: list((tmp_path / "state" / "outbox").iterdir()) == [])


def test_a_message_waits_for_a_provider_that_is_away_also_over_a_restart(
    make_machine: MakeMachine, make_phone: MakeAgent, callee: Account, diverted_from: str, tmp_path: Path
) -> None:
    said, posted = tmp_path / "said.wav", tmp_path / "posted"
    write_speech(said)
    machine = make_machine("voicemail", brief=True)
    left_a_message(make_phone(audio={"speak": str(said)}), machine, diverted_from, 4)
    outbox = tmp_path / "state" / "outbox"
    until(lambda: outbox.exists() and len(list(outbox.iterdir())) == 1)
    machine.wait_log("nobody there")
    machine.kill()
    posted.mkdir()
    make_machine("voicemail", brief=True)
    assert level_db(sound(opened(posted, callee), tmp_path)) > -40
    until(lambda: list(outbox.iterdir()) == [])


def test_a_crash_while_recording_loses_no_more_than_what_was_not_said_yet(
    make_machine: MakeMachine, make_phone: MakeAgent, callee: Account, diverted_from: str, tmp_path: Path
) -> None:
    said, posted = tmp_path / "said.wav", tmp_path / "posted"
    write_speech(said)
    posted.mkdir()
    machine = make_machine("voicemail", brief=True)
    caller = make_phone(audio={"speak": str(said)})
    place(caller, machine, diverted_from)
    machine.wait("Played")
    caller.tell("hear", call=1)
    for _ in range(5):
        machine.wait("Heard")
    machine.kill()
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in plain(tmp_path))
    assert len(plain(tmp_path)) == 2
    make_machine("voicemail", brief=True)
    voice = opened(posted, callee)
    assert voice.seconds >= 3
    assert level_db(sound(voice, tmp_path)) > -40
    assert plain(tmp_path) == []


def test_a_caller_who_hangs_up_before_the_tone_leaves_nothing(
    make_machine: MakeMachine, make_phone: MakeAgent, diverted_from: str, tmp_path: Path
) -> None:
    machine, caller = make_machine("voicemail", brief=True), make_phone()
    place(caller, machine, diverted_from)
    caller.wait("MediaStarted", call=1)
    caller.tell("hang_up", call=1)
    machine.wait("CallEnded")
    machine.stop()
    assert not (tmp_path / "state" / "recordings").exists()
    assert not (tmp_path / "state" / "outbox").exists()


def test_a_silent_caller_is_hung_up_on(
    make_machine: MakeMachine, make_phone: MakeAgent, diverted_from: str, tmp_path: Path
) -> None:
    machine, caller = make_machine("voicemail", brief=True), make_phone()
    place(caller, machine, diverted_from)
    ended = caller.wait("CallEnded", call=1)
    assert ended["words"] == "The far end hung up"


def test_a_machine_that_is_told_to_stop_seals_the_recording_that_is_going_on(
    make_machine: MakeMachine, make_phone: MakeAgent, callee: Account, diverted_from: str, tmp_path: Path
) -> None:
    said = tmp_path / "said.wav"
    write_speech(said)
    machine = make_machine("voicemail", brief=True)
    caller = make_phone(audio={"speak": str(said)})
    place(caller, machine, diverted_from)
    machine.wait("Played")
    caller.tell("hear", call=1)
    for _ in range(4):
        machine.wait("Heard")
    machine.stop()
    assert plain(tmp_path) == []
    assert len(list((tmp_path / "state" / "outbox").iterdir())) == 1


def test_nobody_is_rung_for_a_callee_who_is_not_on_the_ledger(
    make_machine: MakeMachine, make_phone: MakeAgent
) -> None:
    machine, caller = make_machine("voicemail", brief=True), make_phone()
    place(caller, machine, str(number_for(Account.generate().address, 0)))
    assert caller.wait("CallEnded", call=1)["code"] == 480
    assert caller.count("CallAnswered") == 0


def test_whoever_calls_directly_is_told_and_hung_up_on(
    make_machine: MakeMachine, make_phone: MakeAgent, tmp_path: Path
) -> None:
    machine, caller = make_machine("voicemail", brief=True), make_phone()
    place(caller, machine, "")
    assert caller.wait("CallEnded", call=1)["words"] == "The far end hung up"
    machine.wait("Played")
    assert machine.count("Heard") == 0
    assert not (tmp_path / "state" / "recordings").exists()
