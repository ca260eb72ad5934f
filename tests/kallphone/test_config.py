from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from kallnet.configfile import ConfigError
from kallphone.config import load_config

EXAMPLE = (files("kallphone") / "example.toml").read_text()


def _written(folder: Path, text: str) -> Path:
    file = folder / "kallphone.toml"
    file.write_text(text)
    return file


def test_the_shipped_example_loads_with_paths_beside_it(tmp_path: Path) -> None:
    config = load_config(_written(tmp_path, EXAMPLE))
    assert config.state == tmp_path / "state"
    assert config.ca_file is None
    assert config.deposit == 2_000_000


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('country = "de"', 'country = "deu"', "did you mean 'de'"),
        ("deposit = 2_000_000", "deposit = -1", "whole number from 0"),
        ("deposit = 2_000_000", "deposits = 2", "did you mean 'deposit'"),
        ("deposit = 2_000_000", "deposit = true", "give a whole number"),
        ("[money]", "[monye]", "did you mean 'money'"),
        ('api = "https://127.0.0.1:8443"', 'api = "127.0.0.1"', "no http:// or https://"),
        ('state = "state"', 'state = ""', "give a path"),
        ("rpc = [", "rpc = 5 # [", "a list such as"),
        ("agree = 0", "agree = 2", "whole number from 0 to 1"),
        ("[audio]", "[audio", "not TOML"),
        ('device = "null"', "", "is missing"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(ConfigError, match=words.replace("[", r"\[")):
        load_config(_written(tmp_path, EXAMPLE.replace(old, new, 1)))


def test_a_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"example\.toml"):
        load_config(tmp_path / "none.toml")
