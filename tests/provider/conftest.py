from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kallnet.account import address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.ledger import Ledger, open_ledger
from kallprovider.secret_files import load_account
from tests.chain import LocalChain
from tests.provider.process import ProviderProcess


@pytest.fixture(scope="module")
def chain() -> Iterator[LocalChain]:
    with LocalChain() as chain:
        yield chain


@pytest.fixture(scope="module")
def deployment_path(chain: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("contracts")
    chain.deploy(out)
    return chain.deployment_path(out)


@pytest.fixture(scope="module")
def deployment(deployment_path: Path) -> Deployment:
    return load_deployment(deployment_path)


@pytest.fixture(scope="module")
def ledger(chain: LocalChain, deployment: Deployment) -> Iterator[Ledger]:
    ledger = open_ledger([chain.url], deployment, finality="latest")
    yield ledger
    ledger.close()


@pytest.fixture
def provider(chain: LocalChain, deployment_path: Path, tmp_path: Path) -> Iterator[ProviderProcess]:
    with ProviderProcess(tmp_path, chain.url, deployment_path) as provider:
        chain.give_gas(address_to_hex(load_account(tmp_path / "provider.key").address))
        provider.start()
        yield provider
