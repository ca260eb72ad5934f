"""An echo test and its callers, each with a pjsua2 endpoint of its own, over a TLS proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machines.conftest import MakeMachine
from tests.sip.conftest import MakeAgent
from tests.sip.driver import Agent, until
from tests.sip.proxy import SipProxy
from tests.sip.sound import RATE, level_db, median_pesq, read, write_speech

pytestmark = pytest.mark.sip


def call(caller: Agent, machine: Agent, number: int = 1) -> None:
    caller.tell("place", call=number, uri=f"sip:{machine.name}@test")
    caller.wait("MediaStarted", call=number)


def test_a_caller_hears_the_announcement_and_then_itself(
    make_machine: MakeMachine, make_phone: MakeAgent, tmp_path: Path
) -> None:
    said, ear = tmp_path / "said.wav", tmp_path / "ear.wav"
    sentences = write_speech(said)
    machine = make_machine("echo")
    caller = make_phone(audio={"speak": str(said), "record": str(ear)})
    call(caller, machine)
    machine.wait("MediaStarted")
    played = machine.wait("Played")["call"]
    assert played == 2
    caller.tell("hear", call=1)
    wanted = len(read(ear)) + len(read(said)) + 2 * RATE
    until(lambda: len(read(ear)) >= wanted)
    score = median_pesq(sentences, read(ear))
    print(f"PESQ-WB {score:.2f}")
    assert score >= 3.0


def test_the_announcement_is_heard(make_machine: MakeMachine, make_phone: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    machine, caller = make_machine("echo"), make_phone(audio={"record": str(ear)})
    call(caller, machine)
    caller.tell("hear", call=1)
    machine.wait("Played")
    assert level_db(read(ear)[-3 * RATE :]) > -35


def test_eight_callers_hear_themselves_and_the_ninth_hears_busy(
    make_machine: MakeMachine, make_phone: MakeAgent
) -> None:
    machine = make_machine("echo")
    caller = make_phone()
    for number in range(1, 17, 2):
        call(caller, machine, number)
    other = make_phone()
    other.tell("place", call=1, uri=f"sip:{machine.name}@test")
    assert other.wait("CallEnded", call=1)["code"] == 486
    caller.tell("hang_up", call=1)
    machine.wait("CallEnded")
    call(other, machine, 3)


def test_it_is_there_again_after_the_connection_to_its_provider_broke(
    make_machine: MakeMachine, make_phone: MakeAgent, proxy: SipProxy
) -> None:
    machine = make_machine("echo")
    proxy.drop_connections()
    machine.wait("SipUnregistered")
    machine.wait("SipRegistered")
    call(make_phone(), machine)
