from pathlib import Path

import pytest
from kallimage.network import network_files
from kallimage.stages import BuildError

PRESET = """
[ledger]
rpc = ["https://rpc.example"]
deployment = "deployment.json"
[provider]
ca_file = "authority.crt"
[update]
ca_file = "/etc/ssl/certs/ca-certificates.crt"
"""


@pytest.fixture
def network(tmp_path: Path) -> Path:
    for name, text in (("preset.toml", PRESET), ("deployment.json", "{}"), ("authority.crt", "")):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_the_preset_names_comes_along(network: Path):
    names = [path.name for path in network_files(network)]
    assert names == ["authority.crt", "deployment.json", "preset.toml"]


@pytest.mark.parametrize("name", ["maker-key", "update-keys.json", "preset.toml~", ".env", "keys"])
def test_nothing_else_becomes_public_with_the_image(network: Path, name: str):
    if name == "keys":
        (network / name).mkdir()
    else:
        (network / name).write_text("secret")
    with pytest.raises(BuildError, match=rf"{name} would become public.*move it out"):
        network_files(network)


def test_a_file_that_is_named_has_to_be_there(network: Path):
    (network / "authority.crt").unlink()
    with pytest.raises(BuildError, match=r"names authority\.crt, which is no file"):
        network_files(network)


def test_a_deployment_may_be_left_to_the_phones_owners(network: Path):
    (network / "preset.toml").write_text('[update]\nurl = "https://updates.example"\n')
    for name in ("deployment.json", "authority.crt"):
        (network / name).unlink()
    assert [path.name for path in network_files(network)] == ["preset.toml"]


@pytest.mark.parametrize("text", ["[ledger", None])
def test_a_preset_that_cannot_be_read_is_said(network: Path, text: str | None):
    if text is None:
        (network / "preset.toml").unlink()
    else:
        (network / "preset.toml").write_text(text)
    with pytest.raises(BuildError, match=r"preset\.toml can't be read"):
        network_files(network)
