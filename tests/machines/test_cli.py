from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kallmachine.cli import main
from kallmachine.errors import MachineError
from kallmachine.opus import check_encoder
from kallnet.account import address_from_hex
from tests.machines.test_config import EXAMPLE, written


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """`main` sets the process's own."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_the_account_is_made_once_and_for_its_owner_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, EXAMPLE)
    assert main(["account", str(file)]) == 0
    first = capsys.readouterr().out.strip()
    address_from_hex(first)
    assert main(["account", str(file)]) == 0
    assert capsys.readouterr().out.strip() == first
    assert all(one.stat().st_mode & 0o077 == 0 for one in (tmp_path / "state").iterdir())


def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["echo", str(written(tmp_path, EXAMPLE.replace('"en"', '"fr"')))]) == 1
    assert capsys.readouterr().err.startswith("kallmachine: ")


def test_a_voicemail_without_its_encoder_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="apt install opus-tools"):
        check_encoder()
