from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from kallnet.configfile import ConfigError
from kallphone.config import load_config
from kallphone.device.layout import Layout
from kallphone.setup import progress
from kallphone.setup.configuration import PROVISIONED, dumped, read_offer, write_config
from kallphone.setup.states import Kept, Progress, Provider, WriteConfig
from tests.setup.first_boot import layout_of

PRESET = """
[phone]
voicemail = ""
[ledger]
rpc = ["https://one.test", "https://two.test"]
deployment = "deployment.json"
[provider]
api = "https://kall.test:8443"
ca_file = "ca.pem"
[money]
deposit = 3_000_000
"""
CHOSEN = WriteConfig("fr", "ch", "")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = layout_of(tmp_path)
    made.share.mkdir()
    made.state.mkdir(parents=True)
    made.preset.write_text(PRESET)
    (made.share / "deployment.json").write_text("{}")
    (made.share / "ca.pem").write_text("a certificate")
    return made


def test_a_preset_and_the_answers_make_a_phone(layout: Layout):
    write_config(layout, read_offer(layout), CHOSEN)
    config = load_config(layout.config)
    assert (config.language, config.country, config.state) == ("fr", "ch", layout.state)
    assert config.provider_api == "https://kall.test:8443"
    assert config.deposit == 3_000_000
    assert config.deployment == layout.state / "deployment.json"
    assert config.ca_file is not None
    assert config.ca_file.read_text() == "a certificate"
    assert layout.config.stat().st_mode & 0o777 == 0o600


def test_the_installer_s_file_wins_over_the_preset_and_is_not_asked_again(layout: Layout):
    (layout.state / PROVISIONED).write_text(
        'language = "es"\ncountry = "es"\nwifi = "Home"\npin = true\n[money]\ndeposit = 5\n'
    )
    offer = read_offer(layout)
    assert offer.steps(has_key=False, cable=False) == ("key", "summary")
    write_config(layout, offer, CHOSEN)
    assert load_config(layout.config).deposit == 5


def test_with_everything_answered_nothing_is_asked(layout: Layout):
    given = 'language = "es"\ncountry = "es"\nkey = true\npin = true\n'
    (layout.state / PROVISIONED).write_text(given)
    offer = read_offer(layout)
    assert offer.steps(has_key=True, cable=True) == ()
    assert offer.steps(has_key=True, cable=False) == ("network", "summary")
    assert offer.steps(has_key=False, cable=True) == ("network", "key", "summary")


def test_a_preset_with_several_providers_asks_for_one(layout: Layout):
    several = PRESET.replace('api = "https://kall.test:8443"', "")
    both = '[[providers]]\nname = "North"\napi = "https://n.test"\n[[providers]]\nname = "S"\napi = "https://s.test"\n'
    layout.preset.write_text(both + several)
    offer = read_offer(layout)
    assert offer.providers == (Provider("North", "https://n.test"), Provider("S", "https://s.test"))
    assert "provider" in offer.steps(has_key=False, cable=True)
    write_config(layout, offer, replace(CHOSEN, provider="https://s.test"))
    assert load_config(layout.config).provider_api == "https://s.test"


def test_what_no_phone_can_run_with_is_never_the_config(layout: Layout):
    layout.preset.write_text(PRESET.replace("3_000_000", '"much"'))
    with pytest.raises(ConfigError, match="deposit"):
        write_config(layout, read_offer(layout), CHOSEN)
    assert not layout.config.exists()
    assert [file.name for file in layout.state.iterdir() if "toml" in file.name] == []


def test_an_image_made_for_no_network_is_known(layout: Layout):
    layout.preset.unlink()
    assert not read_offer(layout).is_network


def test_a_missing_certificate_is_told(layout: Layout):
    (layout.share / "ca.pem").unlink()
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        write_config(layout, read_offer(layout), CHOSEN)
    assert not layout.config.exists()


def test_what_is_dumped_is_read_back():
    odd = 'quotes " and \\ and \n and \x7f and é and \u2028'
    sections = {"a": {"text": odd, "list": ["x", odd], "flag": True, "count": 10**15}}
    assert tomllib.loads(dumped(sections)) == sections


def test_progress_comes_back_and_holds_no_secret(tmp_path: Path):
    how_far = Progress("fr", "ch", "https://s.test", Kept.LATER, ("language", "country"))
    progress.keep(tmp_path, how_far)
    assert progress.kept(tmp_path, Progress()) == how_far
    progress.forget(tmp_path)
    assert progress.kept(tmp_path, Progress()) == Progress()


UNKNOWN = '{"language": "tlh", "country": "de", "provider": "", "words": "", "done": []}'


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"language": 5}', UNKNOWN, "\xff"])
def test_progress_that_can_t_be_read_begins_anew(tmp_path: Path, content: str):
    progress.progress_file(tmp_path).write_bytes(content.encode("latin-1"))
    assert progress.kept(tmp_path, Progress(country="at")) == Progress(country="at")
