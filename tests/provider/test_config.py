from __future__ import annotations

from pathlib import Path

import pytest

from kallprovider import config, secret_files
from kallprovider.config import load_config
from kallprovider.errors import ConfigError

EXAMPLE = Path(config.__file__).with_name("provider.example.toml")


def written(tmp_path: Path, old: str = "", new: str = "") -> Path:
    text = EXAMPLE.read_text()
    assert old in text
    file = tmp_path / "provider.toml"
    file.write_text(text.replace(old, new, 1))
    return file


def test_the_example_loads_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load_config(written(tmp_path))
    assert config.key == tmp_path / "provider.key"
    assert config.terms.max_float == 2000
    assert config.sip_uri == "sip:127.0.0.1:5061;transport=tls"
    assert config.turn_uri == "turn:127.0.0.1:3478"
    assert config.api_url == "https://127.0.0.1:8443"


def test_a_wildcard_host_is_published_as_the_domain(tmp_path: Path) -> None:
    file = written(tmp_path, '[http]\nhost = "127.0.0.1" ', '[http]\nhost = "0.0.0.0"')
    assert load_config(file).api_url == "https://phone.example:8443"


def test_a_file_of_before_there_were_rails_still_works(tmp_path: Path) -> None:
    file = written(tmp_path, 'rail = "escrow"', "#")
    assert load_config(file).terms.rail == "escrow"
    file = written(tmp_path, 'rail = "escrow"', 'rail = "transfers"')
    assert load_config(file).terms.rail == "transfers"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('rail = "escrow"', 'rail = "transfer"', "did you mean 'transfers'"),
        ("price = 1000", "prise = 1000", "did you mean 'price'"),
        ("[terms]", "[term]", "did you mean 'terms'?"),
        ("price = 1000", "price = -1", "is -1; give a whole number from 0 to"),
        ("price = 1000", "price = true", "is True; give a whole number"),
        ("price = 1000", 'price = "1000"', "is '1000'; give a whole number"),
        ("inviter_share = 100", "inviter_share = 101", "from 0 to 100"),
        ("api_version = 1", "api_version = 2", "from 1 to 1"),
        ("max_float_periods = 2", "max_float_periods = 1", "from 2 to 40"),
        ("relay_max = 65535", "relay_max = 2000", "is 2000, below relay_min 49152"),
        ('domain = "phone.example"', 'domain = "phone example"', "neither a host name"),
        ('rpc = ["http://127.0.0.1:8545"]', "rpc = []", "has 0 endpoints"),
        ('rpc = ["http://127.0.0.1:8545"]', 'rpc = ["localhost"]', "no http:// or https://"),
        ("allow_loopback = false", "allow_loopback = 0", "give true or false"),
        ("[evapi]\nport = 8228", "[evapi]\nport = 8228\ncolour = 1", "known keys: port"),
        ("[claims]", "[claims", "is not TOML"),
    ],
)
def test_a_mistake_is_named_with_the_cure(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, old, new))
    assert words in str(caught.value)


def test_a_missing_file_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="init"):
        load_config(tmp_path / "none.toml")


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secret"
    first = secret_files.read_or_create(path)
    assert len(first) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret_files.read_or_create(path) == first


def test_a_secret_that_others_can_read_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    text = secret_files.read_or_create(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        secret_files.read(path)
    assert text not in str(caught.value)


def test_a_malformed_secret_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("zz" * 32)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="64 hex digits"):
        secret_files.read(path)
