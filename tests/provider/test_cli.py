from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kallnet.account import address_to_hex
from kallnet.deployment import Deployment
from kallnet.ledger import Ledger
from kallprovider.check import check
from kallprovider.cli import main
from kallprovider.config import load_config
from kallprovider.publication import service_entry
from kallprovider.secret_files import load_account
from tests.chain import LocalChain
from tests.provider.process import ProviderProcess


def test_init_writes_a_file_that_loads_and_private_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "here" / "provider.toml"
    assert main(["init", str(file)]) == 0
    config = load_config(file)
    for path in (config.key, config.secret_path, config.evapi_token_path):
        assert path.stat().st_mode & 0o777 == 0o600
    shown = capsys.readouterr().out
    assert address_to_hex(load_account(config.key).address) in shown
    assert config.key.read_text().strip() not in shown


def test_init_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "provider.toml"
    main(["init", str(file)])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    main(["init", str(file)])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(tmp_path / "none.toml")]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "init" in shown


def test_check_names_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "provider.toml"
    main(["init", str(file)])
    findings = asyncio.run(check(load_config(file)))
    assert [finding.good for finding in findings] == [True, True, False, False]
    assert "TLS" in findings[2].words
    assert "deploy the contracts" in findings[3].words


@pytest.mark.chain
def test_register_publishes_what_check_then_finds(
    chain: LocalChain, deployment_path: Path, deployment: Deployment, ledger: Ledger, tmp_path: Path
) -> None:
    provider = ProviderProcess(tmp_path, chain.url, deployment_path, price=10, inviter_share=70)
    account = load_account(tmp_path / "provider.key")
    before = provider.run("check")
    assert before.returncode == 1
    assert "send some to" in before.stdout
    assert "not registered" in before.stdout

    chain.give_gas(address_to_hex(account.address))
    assert provider.run("register").returncode == 0
    entry = ledger.service_entry(account.address)
    assert entry == service_entry(load_config(provider.file), account)
    assert entry is not None
    assert (entry.costs[0].share("inviter"), entry.costs[0].share("invitee")) == (7, 3)
    assert entry.details["api"] == provider.url

    assert "does not exist" in provider.run("check").stdout  # the secrets are made by init or serve
    assert provider.run("init").returncode == 0
    after = provider.run("check")
    assert (after.returncode, "BAD" in after.stdout) == (0, False)

    provider.file.write_text(provider.file.read_text().replace("price = 10", "price = 11"))
    assert "other terms" in provider.run("check").stdout


def test_an_own_authority_goes_where_the_file_says_and_overwrites_nothing(tmp_path: Path) -> None:
    file = tmp_path / "provider.toml"
    assert main(["init", str(file)]) == 0
    account_key = (tmp_path / "provider.key").read_text()
    assert main(["authority", str(file)]) == 0
    config = load_config(file)
    assert config.tls.certificate.exists()
    assert config.tls.private_key.stat().st_mode & 0o077 == 0
    assert main(["authority", str(file)]) == 2
    assert (tmp_path / "provider.key").read_text() == account_key
