from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from kallmachine.config import load_config
from kallnet.configfile import ConfigError

EXAMPLE = (files("kallmachine") / "example.toml").read_text()


def written(folder: Path, text: str) -> Path:
    file = folder / "machine.toml"
    file.write_text(text)
    return file


def test_the_shipped_example_loads(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, EXAMPLE))
    assert (config.phone.language, config.callers) == ("en", 8)
    assert config.phone.state == tmp_path / "state"
    assert config.phone.deposit == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("callers = 8", "callers = 9", "from 1 to 8"),
        ('language = "en"', 'language = "eng"', "did you mean 'en'"),
        ("[machine]", "[machines]", "did you mean 'machine'"),
        ("callers = 8", "", "callers: is missing"),
        ('state = "state"', 'states = "state"', "did you mean 'state'"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(ConfigError, match=words):
        load_config(written(tmp_path, EXAMPLE.replace(old, new, 1)))


def test_a_phones_file_is_told_what_it_lacks(tmp_path: Path) -> None:
    phone = (files("kallphone") / "example.toml").read_text()
    with pytest.raises(ConfigError, match=r"section \[machine\] is missing"):
        load_config(written(tmp_path, phone))
