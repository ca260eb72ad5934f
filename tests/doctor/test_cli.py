"""The two commands, as they are typed."""

from __future__ import annotations

import json
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from kallphone.cli import main
from kallphone.provision.handover import write_errors


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "kallphone.toml"
    example = (files("kallphone") / "example.toml").read_text()
    # Ports that nobody answers on, and no names to look up.
    file.write_text(example.replace("127.0.0.1:8545", "127.0.0.1:1").replace("127.0.0.1:8443", "127.0.0.1:1"))
    return file


def test_a_bench_without_hardware_says_what_is_left_out(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", str(config)]) == 1
    said = capsys.readouterr().out
    assert "simulate the hardware" in said
    assert "The provider does not answer" in said
    assert "Opus:" in said


def test_findings_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(config), "--no-hands", "--json"]) == 1
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["settings"]["verdict"] == "good"
    assert found["provider"]["verdict"] == "bad"
    assert found["clock"]["verdict"] in ("skipped", "warning", "good")


def test_a_phone_that_is_not_set_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--root", str(tmp_path), "--no-hands"]) == 1
    assert "not set up yet" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_broken_file_is_told_and_the_rest_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kallphone.toml"
    file.write_text("[phone")
    assert main(["doctor", str(file), "--no-hands"]) == 1
    said = capsys.readouterr().out
    assert "kallphone.toml can't be used" in said
    assert "Opus:" in said


def test_diagnostics_are_saved_whole(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = config.parent / "x.zip"
    assert main(["diagnostics", str(config), "-o", str(out)]) == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {"doctor.json", "journal.txt", "kallphone.toml.json", "packages.txt", "dmesg.txt"} <= names
        assert json.loads(archive.read("kallphone.toml.json"))["phone"]["country"] == "de"
    assert str(out) in capsys.readouterr().out


def test_a_place_that_can_not_be_written_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnostics", str(config), "-o", str(config.parent / "none" / "x.zip")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_what_is_wrong_with_the_installer_s_file_is_told_beside_the_settings(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "data/phone"
    state.mkdir(parents=True)
    config.rename(state / "kallphone.toml")
    write_errors(state, ("kallphone.toml: [wifi] ssid: must be a text", "kallphone.toml: [key] pin"))
    assert main(["doctor", "--root", str(tmp_path), "--no-hands", "--json"]) == 1
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)}["settings"]
    assert found["verdict"] == "warning"
    assert "[wifi] ssid: must be a text; kallphone.toml: [key] pin" in found["words"]
