from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kallnet.account import address_to_hex
from kallphone.cli import main
from kallphone.ledger import settings
from kallphone.ledger.errors import UsageError
from kallphone.ledger.invoke import parameters
from kallphone.ledger.settings import Settings
from tests.kallnet.samples import CAROL
from tests.kallnet.test_deployment import BODY
from tests.ledger_cli.conftest import KRYPTON, PROVIDER, USER, UUID, Terminal

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ([], []),
        (["[]"], []),
        (["[", "]"], []),
        (['["a","b"]'], ["a", "b"]),
        (['["a",', '"b"]'], ["a", "b"]),
        (['["1"]'], ["1"]),
        (["[a,b]"], ["a", "b"]),
        (["[a,", "b]"], ["a", "b"]),
        (["[0x12,proxy.example.org]"], ["0x12", "proxy.example.org"]),
    ],
)
def test_lists_with_and_without_their_quotes(words: list[str], given: list[str]) -> None:
    assert parameters(words) == given


@pytest.mark.parametrize("text", ["a", "[1]", "{}", '["a"', "[a,b", '[a,"b"]', '[["a"]]', "null"])
def test_what_is_no_list_of_texts(text: str) -> None:
    with pytest.raises(UsageError, match="is no list of texts"):
        parameters([text])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("query", "colour", USER), "one of uuid, provider, location, number, entry, service"),
        (("query", "uuid", "0x12"), "40 hexadecimal digits"),
        (("query", "uuid", "2345678901"), "check digit"),
        (("query", "uuid", "bob"), "it must be digits"),
        (("number", USER.swapcase()), "is not a"),
        (("invoke", KRYPTON, "mint", "[]"), "one of version, deploy, undeploy, register, unregister, query"),
        (("invoke", KRYPTON, "query", f'["{USER}"]'), 'query takes ["type","user"], not 1 parameters'),
        (("invoke", KRYPTON, "version", '["1"]'), "version takes [], not 1"),
        (("invoke", KRYPTON, "query", "uuid"), "is no list of texts"),
        (("invoke", address_to_hex(CAROL.address), "version"), f"this deployment has at {KRYPTON}"),
        (("invoke", "0x12", "version"), "40 hexadecimal digits"),
        (("register", USER, PROVIDER, UUID[:-1]), "no version 4 UUID"),
        (("register", USER, PROVIDER, UUID.replace("-467f-", "-167f-")), "no version 4 UUID"),
        (("register", USER, PROVIDER, UUID.replace("-9b7a-", "-cb7a-")), "no version 4 UUID"),
        (("register", USER, PROVIDER, UUID), "--key or KALLPHONE_KEY"),
        (("release",), "--key or KALLPHONE_KEY"),
    ],
)
def test_what_can_not_be_meant_ends_with_two(terminal: Terminal, words: tuple[str, ...], said: str) -> None:
    code, out, err = terminal.type(*words)
    assert (code, out) == (2, "")
    assert err.startswith("kallphone: ")
    assert err.count("\n") == 1
    assert said in err
    assert terminal.sender.sent == []


@pytest.mark.parametrize("name", ["a..b", "-a.example", "a b", "", "x" * 254, "é.example", "_sip.example"])
def test_a_host_name_is_one(terminal: Terminal, name: str) -> None:
    words = ("invoke", KRYPTON, "deploy", json.dumps([PROVIDER, name]))
    code, _, err = terminal.type(*words, key="provider")
    assert (code, "is no host name" in err) == (2, True)


@pytest.mark.parametrize(
    "words", [(), ("call",), ("query", "uuid"), ("deploy", PROVIDER, "a.example", "--price", "x")]
)
def test_half_a_command_ends_with_two(terminal: Terminal, words: tuple[str, ...]) -> None:
    code, out, err = terminal.type(*words)
    assert (code, out) == (2, "")
    assert "usage: kallphone ledger" in err


@pytest.mark.parametrize(
    ("missing", "said"),
    [("RPC", "--rpc or KALLPHONE_RPC"), ("DEPLOYMENT", "--deployment or KALLPHONE_DEPLOYMENT")],
)
def test_where_the_ledger_is_must_be_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str,
    said: str,
) -> None:
    deployment = tmp_path / "31337.json"
    deployment.write_text(json.dumps(BODY))
    monkeypatch.setenv("KALLPHONE_RPC", "http://127.0.0.1:1")
    monkeypatch.setenv("KALLPHONE_DEPLOYMENT", str(deployment))
    monkeypatch.delenv(f"KALLPHONE_{missing}")
    assert main(["ledger", "query", "uuid", USER]) == 2
    assert said in capsys.readouterr().err


def test_an_endpoint_must_be_an_address_of_the_web(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = tmp_path / "31337.json"
    deployment.write_text(json.dumps(BODY))
    words = ["ledger", "version", "--rpc", "anvil", "--deployment", str(deployment)]
    assert main(words) == 2
    assert "http:// or https:// URL" in capsys.readouterr().err


def settings_from(words: list[str], **environment: str) -> Settings:
    parser = argparse.ArgumentParser()
    settings.add_options(parser)
    return settings.settings_of(parser.parse_args(words), environment)


def test_options_come_before_the_environment() -> None:
    environment = {
        "KALLPHONE_RPC": "http://a http://b",
        "KALLPHONE_KEY": "/keys/mine",
        "KALLPHONE_DEPLOYMENT": "/d.json",
        "KALLPHONE_CA_FILE": "",
    }
    assert settings_from([], **environment) == Settings(
        ("http://a", "http://b"), Path("/d.json"), Path("/keys/mine")
    )
    said = ["--rpc", "http://c", "--rpc", "http://d", "--key", "k", "--payer", "p", "--ca-file", "ca"]
    assert settings_from(said, **environment) == Settings(
        ("http://c", "http://d"), Path("/d.json"), Path("k"), Path("p"), None, Path("ca")
    )


def test_agreements_stand_beside_the_key_unless_told() -> None:
    assert settings_from(["--key", "/keys/mine"]).agreements_folder() == Path("/keys/agreements")
    there = settings_from(["--key", "/keys/mine"], KALLPHONE_AGREEMENTS="/there")
    assert there.agreements_folder() == Path("/there")


_PROBE = """\
import sys
from kallphone.cli import main
code = main(["ledger", *sys.argv[1:]])
print(code, *sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_reading_loads_nothing_heavy(tmp_path: Path) -> None:
    deployment = tmp_path / "31337.json"
    deployment.write_text(json.dumps(BODY))
    words = ["query", "uuid", USER, "--rpc", "http://127.0.0.1:1", "--deployment", str(deployment)]
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *words],
        env={"PYTHONPATH": str(ROOT / "firmware")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, *loaded = done.stdout.split()
    assert code == "1"
    assert "kallnet" in loaded
    assert not {"web3", "eth_account", "eth_abi", "aiohttp", "pjsua2", "nacl"} & set(loaded)
