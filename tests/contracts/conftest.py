from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chain import ChainAccount, LocalChain

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
EXIT_DELAY = 3600


@dataclass(frozen=True)
class Deployed:
    chain: LocalChain
    deployment: dict[str, Any]

    @property
    def client(self) -> ChainAccount:
        return self.chain.accounts[1]

    @property
    def provider(self) -> ChainAccount:
        return self.chain.accounts[2]

    def address(self, name: str) -> str:
        address: str = self.deployment["contracts"][name]
        return address


@pytest.fixture(scope="session")
def chain() -> Iterator[LocalChain]:
    with LocalChain() as running:
        yield running


@pytest.fixture(scope="session")
def fresh(chain: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    deployment = chain.deploy(tmp_path_factory.mktemp("deployments"), exit_delay=EXIT_DELAY)
    return Deployed(chain, deployment)


@pytest.fixture
def deployed(fresh: Deployed) -> Iterator[Deployed]:
    """The contracts as they were just after the deployment, for each test."""
    snapshot = fresh.chain.snapshot()
    yield fresh
    fresh.chain.revert(snapshot)
