from __future__ import annotations

from collections.abc import Iterator

import pytest

from kallnet.account import Account, address_to_hex
from kallnet.deployment import Deployment
from kallnet.ledger import Ledger
from tests.chain import LocalChain
from tests.provider.client import ApiClient, ApiError
from tests.provider.process import ProviderProcess, wait_until

pytestmark = pytest.mark.chain


@pytest.fixture
def newcomer(
    provider: ProviderProcess, chain: LocalChain, deployment: Deployment, ledger: Ledger
) -> Iterator[ApiClient]:
    """Has kallCoin and nothing else: no gas, no entry, no deposit."""
    client = ApiClient(provider.url, provider.authority, Account.generate(), deployment, ledger)
    chain.give_coins(address_to_hex(client.address), 10_000)
    yield client
    client.close()


def test_a_newcomer_without_gas_registers_deposits_pays_and_is_settled_with(
    newcomer: ApiClient, ledger: Ledger, chain: LocalChain
) -> None:
    ref = newcomer.agree()
    newcomer.register(ref)
    entry = ledger.client_entry(newcomer.address)
    assert entry is not None
    assert entry.providers == (ref,)

    newcomer.deposit(5_000)
    assert newcomer.session()["channel"] == {"epoch": 0, "deposited": 5_000, "claimed": 0, "voucher": 0}
    for cumulative in range(10, 110, 10):
        assert newcomer.pay(cumulative) == cumulative
    with pytest.raises(ApiError) as lower:
        newcomer.pay(90)
    assert (lower.value.status, lower.value.body["cumulative"]) == (409, 100)
    with pytest.raises(ApiError) as above:
        newcomer.pay(5_001)
    assert above.value.status == 402
    assert "top up" in above.value.body["error"]

    assert ledger.channel(newcomer.address, newcomer.provider).claimed == 0
    newcomer.start_exit()
    wait_until(lambda: ledger.channel(newcomer.address, newcomer.provider).claimed, "the claim")
    assert ledger.channel(newcomer.address, newcomer.provider).claimed == 100
    assert ledger.coin_balance(newcomer.provider) == 100
    assert int(chain.rpc("eth_getBalance", address_to_hex(newcomer.address), "latest"), 16) == 0


def test_no_voucher_is_lost_when_the_provider_is_killed(
    provider: ProviderProcess, newcomer: ApiClient, ledger: Ledger
) -> None:
    newcomer.register(newcomer.agree())
    newcomer.deposit(1_000)
    for cumulative in (10, 20, 30):
        newcomer.pay(cumulative)
    provider.kill()
    provider.start()
    assert newcomer.session()["channel"]["voucher"] == 30
    with pytest.raises(ApiError, match="409"):
        newcomer.pay(20)
    provider.kill()
    provider.start()
    newcomer.start_exit()
    wait_until(lambda: ledger.channel(newcomer.address, newcomer.provider).claimed == 30, "the claim")


def test_the_contracts_words_reach_the_client(newcomer: ApiClient) -> None:
    ref = newcomer.agree()
    newcomer.register(ref)
    with pytest.raises(ApiError) as poor:
        newcomer.deposit(10_001)
    assert poor.value.status == 422
    assert "owns 10000 and 10001 is needed: top up" in poor.value.body["error"]


def test_sigterm_ends_it_cleanly(provider: ProviderProcess) -> None:
    assert provider.stop() == 0
    assert "Traceback" not in "".join(provider.output)
