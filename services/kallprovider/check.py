from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from kallnet.account import Account, address_to_hex
from kallnet.deployment import Deployment
from kallprovider import secret_files
from kallprovider.chain import ChainWorker
from kallprovider.config import ProviderConfig
from kallprovider.errors import ProviderError
from kallprovider.http import tls_context
from kallprovider.publication import service_entry
from kallprovider.secret_files import load_account
from kallprovider.service import deployment_of, open_chain

# About fifty claims at 20 gwei.
LOW_GAS = 57_000 * 20 * 10**9 * 50


@dataclass(frozen=True, slots=True)
class Finding:
    good: bool
    words: str


async def check(config: ProviderConfig) -> list[Finding]:
    """Everything that would keep this provider from serving, as far as can be seen from here."""
    return [finding async for finding in _findings(config)]


async def _findings(config: ProviderConfig) -> AsyncIterator[Finding]:
    for look in (_account, _secrets, _certificate, _contracts):
        yield _found(look, config)
    try:
        account, deployment = load_account(config.key), deployment_of(config)
    except ProviderError:
        return
    async for finding in _chain_findings(config, deployment, account):
        yield finding


def _found(look: Callable[[ProviderConfig], str], config: ProviderConfig) -> Finding:
    try:
        return Finding(good=True, words=look(config))
    except ProviderError as problem:
        return Finding(good=False, words=problem.words)


def _account(config: ProviderConfig) -> str:
    return f"account {address_to_hex(load_account(config.key).address)}"


def _secrets(config: ProviderConfig) -> str:
    for path in (config.secret_path, config.evapi_token_path):
        secret_files.read(path)
    return f"secrets in {config.state} are private"


def _certificate(config: ProviderConfig) -> str:
    tls_context(config.tls)
    return f"certificate {config.tls.certificate} fits its key"


def _contracts(config: ProviderConfig) -> str:
    return f"contracts of chain {deployment_of(config).chain_id}"


async def _chain_findings(
    config: ProviderConfig, deployment: Deployment, account: Account
) -> AsyncIterator[Finding]:
    chain = open_chain(config, deployment, account)
    try:
        head = await chain.head()
        yield Finding(good=True, words=f"the ledger answers: block {head.number}")
        yield _gas(await chain.gas_balance(), account)
        yield await _registration(chain, config, account)
    except ProviderError as problem:
        yield Finding(good=False, words=problem.words)
    finally:
        chain.close()


def _gas(balance: int, account: Account) -> Finding:
    if balance >= LOW_GAS:
        return Finding(good=True, words=f"gas: {balance} wei")
    words = f"gas: {balance} wei is little: send some to {address_to_hex(account.address)}"
    return Finding(good=False, words=words)


async def _registration(chain: ChainWorker, config: ProviderConfig, account: Account) -> Finding:
    published = await chain.service_entry()
    if published is None:
        return Finding(good=False, words="not registered on the ledger: run `register`")
    if published != service_entry(config, account):
        return Finding(good=False, words="the ledger has other terms than this file: run `register`")
    return Finding(good=True, words="registered on the ledger with these terms")
