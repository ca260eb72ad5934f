import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from kallprovider import render, secret_files
from kallprovider.config import ProviderConfig, load_config
from kallprovider.errors import ConfigError
from tests.provider.kamailio import write_provider_file

SCHEMA = "CREATE TABLE IF NOT EXISTS version (id INTEGER); CREATE TABLE IF NOT EXISTS {0} (id INTEGER);"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProviderConfig:
    """With schemas of its own, so that no Kamailio needs to be installed."""
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    for name, table in (("standard", "version"), ("usrloc", "location"), ("dialog", "dialog")):
        (schemas / f"{name}-create.sql").write_text(SCHEMA.format(table))
    monkeypatch.setattr(render, "SCHEMAS", schemas)
    return load_config(write_provider_file(tmp_path))


def rendered(config: ProviderConfig) -> dict[str, str]:
    return {
        str(path.relative_to(config.state)): path.read_text()
        for path in config.state.rglob("*")
        if path.suffix in (".cfg", ".conf")
    }


def test_everything_is_the_owners_alone(config: ProviderConfig) -> None:
    render.render(config)
    for path in config.state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_placeholder_is_left(config: ProviderConfig) -> None:
    render.render(config)
    assert all(render.PLACEHOLDER.search(text) is None for text in rendered(config).values())


def test_both_servers_share_one_secret_that_lasts(config: ProviderConfig) -> None:
    render.render(config)
    first = rendered(config)
    secret = secret_files.read(config.secret_path)
    assert f'"{secret}"' in first["kamailio/kamailio.cfg"]
    assert f"static-auth-secret={secret}\n" in first["coturn/turnserver.conf"]
    render.render(config)
    assert rendered(config) == first


def test_the_databases_survive_rendering_again(config: ProviderConfig) -> None:
    render.render(config)
    path = config.state / "kamailio" / "usrloc.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO location VALUES (1)")
    connection.close()
    render.render(config)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM location").fetchone() == (1,)
    connection.close()


def test_every_route_file_is_included(config: ProviderConfig) -> None:
    render.render(config)
    files = rendered(config)
    routes = {name.removeprefix("kamailio/") for name in files if "/routes/" in name}
    included = set(render.INCLUDE.findall(files["kamailio/kamailio.cfg"]))
    assert routes == included
    assert len(routes) > 5


def test_loopback_is_relayed_to_only_when_allowed(config: ProviderConfig) -> None:
    render.render(config)
    assert "allow-loopback-peers" in rendered(config)["coturn/turnserver.conf"]
    render.render(replace(config, turn=replace(config.turn, allow_loopback=False)))
    text = rendered(config)["coturn/turnserver.conf"]
    assert "allow-loopback-peers" not in text
    assert "allowed-peer-ip" not in text
    assert "denied-peer-ip=127.0.0.0-127.255.255.255\n" in text


def test_on_every_address_no_relay_address_is_named(config: ProviderConfig) -> None:
    render.render(replace(config, turn=replace(config.turn, host="0.0.0.0")))
    text = rendered(config)["coturn/turnserver.conf"]
    assert "listening-ip=0.0.0.0\n" in text
    assert "relay-ip" not in text


@pytest.mark.parametrize("domain", ['x"\nlisten=udp:0.0.0.0:5060', "a;b", "a\nb"])
def test_a_value_can_not_break_out_of_its_place(config: ProviderConfig, domain: str) -> None:
    with pytest.raises(ConfigError, match="domain has a character"):
        render.render(replace(config, domain=domain))


def test_a_missing_schema_says_what_to_install(
    config: ProviderConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "SCHEMAS", Path("nowhere"))
    with pytest.raises(ConfigError, match="install Debian's kamailio-sqlite-modules"):
        render.render(config)


@pytest.mark.provider
def test_kamailio_accepts_its_configuration(tmp_path: Path) -> None:
    commands = render.render(load_config(write_provider_file(tmp_path)))
    outcome = subprocess.run(
        [*commands.kamailio, "-c"], capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "ERROR" not in outcome.stderr
