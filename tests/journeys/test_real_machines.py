"""Journeys to machines and mailboxes, all real: echo test, voicemail, a text for a phone that was off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kallphone.demo.speech import RATE, make_speech
from kallphone.demo.stage import Voice
from tests.journeys.street import Neighbour, Street, open_street

pytestmark = [pytest.mark.provider, pytest.mark.sip, pytest.mark.chain]

MAIL_S = 90.0
SPEECH_S = 60.0
LOUD = 500
"""Of 32768: well above what silence and comfort noise come to."""


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ears")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, ears: Path) -> Iterator[Street]:
    voice = ears / "voice.wav"
    words = "Please call me back when you are home again. It is not urgent."
    asyncio.run(make_speech(voice, "en", words))
    voices = [Voice(voice, ears / "a.wav"), Voice(None, ears / "b.wav")]
    with open_street(tmp_path_factory.mktemp("street"), voices, machines=True) as street:
        yield street


def loudest(recording: Path, last_s: float) -> float:
    """Mean level of the loudest half second among the last seconds that the ear heard."""
    # The header is written when the phone stops; behind it are samples at 48 kHz.
    data = recording.read_bytes()[44:]
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(float)[-int(last_s * RATE) :]
    half = RATE // 2
    levels = [np.abs(samples[at : at + half]).mean() for at in range(0, max(1, len(samples) - half), half)]
    return float(max(levels))


def test_a_text_reaches_the_other_phone_and_lights_its_lamp(street: Street):
    async def journey(a: Neighbour, b: Neighbour) -> None:
        await a.press("#31#" + b.number + "#")
        await a.reads("To ")
        await a.press("66655##")
        await a.reads("Delivered")
        await b.held.wait_for(lambda phone: phone.lamps["message"], MAIL_S, "the message lamp")
        await b.reads("New messages: 1")
        await b.press("#32")
        await b.reads("Ok")
        await b.press("***")
        await a.press("***")

    street.run(journey)


def test_a_text_waits_for_a_phone_that_is_off(street: Street):
    async def journey(a: Neighbour, b: Neighbour) -> None:
        phone = next(one for one in street.on.phones if one.name == b.name)
        await b.held.stop()
        await a.press("#31#" + b.number + "#")
        await a.reads("To ")
        await a.press("44##")
        await a.reads("On its way")
        await phone.restart()
        b.held = phone.held
        await b.held.wait_for(lambda phone: "New messages" in phone.text, MAIL_S, "its message")
        await a.reads("Delivered")
        await a.press("***")
        await b.press("#32***")

    street.run(journey)


def test_an_unanswered_call_goes_to_the_voicemail_and_is_heard_from_the_menu(street: Street, ears: Path):
    async def journey(a: Neighbour, b: Neighbour) -> None:
        await a.call(b)
        await b.rings()
        await b.press("*")
        await a.talks()
        since = b.seen
        await a.held.wait_for(lambda phone: "0:2" in phone.text, SPEECH_S, "twenty seconds of speech")
        await a.lower()
        await b.held.wait_for_event("RecordingArrived", MAIL_S, since=since)
        await b.reads("New messages: 1")
        await b.press("#41")
        await b.lift()
        await b.held.wait_for_event("RecordingEnded", SPEECH_S, since=since)
        await b.lower()
        await b.press("***")

    street.run(journey)
    assert loudest(ears / "b.wav", last_s=30) > LOUD


def test_the_echo_test_gives_back_what_is_said(street: Street, ears: Path):
    async def journey(a: Neighbour, b: Neighbour) -> None:
        await a.lift()
        await a.hears("DIAL")
        await a.press("*43")
        await a.talks()
        await a.held.wait_for(lambda phone: "0:1" in phone.text, SPEECH_S, "ten seconds of echo")
        await a.lower()

    street.run(journey)
    assert loudest(ears / "a.wav", last_s=12) > LOUD
