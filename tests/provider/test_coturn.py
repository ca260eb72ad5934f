import subprocess
import time
from collections.abc import Iterator

import pytest

from kallprovider import secret_files
from kallprovider.config import ProviderConfig
from tests.provider.kamailio import account, running_coturn
from tests.provider.sip_client import Credentials

pytestmark = pytest.mark.provider


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderConfig]:
    with running_coturn(tmp_path_factory.mktemp("coturn")) as config:
        yield config


def credentials(config: ProviderConfig, seconds: int = 3600) -> Credentials:
    return Credentials.of(account(1), secret_files.read(config.secret_path), int(time.time()) + seconds)


def relay(config: ProviderConfig, given: Credentials) -> "subprocess.CompletedProcess[str]":
    """Two clients send four packets to each other through the relay."""
    client = [
        "turnutils_uclient",
        "-y",
        "-u",
        given.username,
        "-w",
        given.password,
        "-p",
        str(config.turn.port),
    ]
    return subprocess.run(
        [*client, "-n", "2", "-m", "1", "127.0.0.1"], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_sip_credential_opens_the_relay(coturn: ProviderConfig) -> None:
    outcome = relay(coturn, credentials(coturn))
    assert outcome.returncode == 0
    assert "Total lost packets 0 " in outcome.stdout


def test_a_wrong_password_opens_nothing(coturn: ProviderConfig) -> None:
    good = credentials(coturn)
    outcome = relay(coturn, Credentials(good.username, "x" + good.password))
    assert outcome.returncode != 0
    assert "Cannot complete Allocation" in outcome.stdout


def test_expired_credentials_open_nothing(coturn: ProviderConfig) -> None:
    outcome = relay(coturn, credentials(coturn, seconds=-10))
    assert outcome.returncode != 0
    assert "Cannot complete Allocation" in outcome.stdout


def test_the_own_machine_is_out_of_reach_unless_allowed(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_coturn(tmp_path_factory.mktemp("denied"), allow_loopback=False) as config:
        outcome = relay(config, credentials(config))
    assert outcome.returncode != 0
    assert "403" in outcome.stdout
