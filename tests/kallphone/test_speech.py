from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue

import pytest

from kallphone import speech
from kallphone.speech import Speech, SpeechError


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was synthesised, in place of espeak-ng."""
    made: list[tuple[str, str]] = []

    def synthesise(text: str, language: str, wav: Path) -> None:
        made.append((text, language))
        if text == "unspeakable":
            raise SpeechError(text)
        speech.write_wav(wav, b"\0\0" * 100)

    monkeypatch.setattr(speech, "synthesise", synthesise)
    return made


def test_speech_goes_to_the_ear_or_the_loudspeaker_and_is_made_once(said: list[tuple[str, str]]):
    ear: SimpleQueue[Path] = SimpleQueue()
    loud: SimpleQueue[Path] = SimpleQueue()
    speech = Speech(lambda: "de", ear.put, loud.put)
    speech.start()
    speech.say("5", aloud=False)
    speech.say("5", aloud=False)
    speech.say("Anna", aloud=True)
    first, second = ear.get(timeout=30), ear.get(timeout=30)
    assert first == second
    assert loud.get(timeout=30).exists()
    assert said == [("5", "de"), ("Anna", "de")]
    speech.stop()
    assert not first.exists()


def test_what_cannot_be_spoken_is_not_played(said: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch):
    ear: SimpleQueue[Path] = SimpleQueue()
    speech = Speech(lambda: "en", ear.put, ear.put)
    speech.start()
    speech.say("unspeakable", aloud=False)
    speech.say("1", aloud=False)
    assert ear.get(timeout=30)
    assert ear.empty()
    speech.stop()


def test_without_espeak_the_phone_stays_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpeechError, match="apt install espeak-ng"):
        speech.synthesise("1", "en", tmp_path / "one.wav")
