from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from kallnet.account import address_from_hex
from kallphone.cli import main


def test_the_account_is_made_once_and_printed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kallphone.toml"
    file.write_text((files("kallphone") / "example.toml").read_text())
    assert main(["account", str(file)]) == 0
    first = capsys.readouterr().out.strip()
    address_from_hex(first)
    assert main(["account", str(file)]) == 0
    assert capsys.readouterr().out.strip() == first


def test_a_file_that_is_not_there_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config-check", str(tmp_path / "none.toml")]) == 1
    assert "does not exist" in capsys.readouterr().err
