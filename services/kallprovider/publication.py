from __future__ import annotations

from kallnet import calldata
from kallnet.account import Account
from kallnet.deployment import Deployment
from kallnet.entries import PROXY, ServiceEntry
from kallnet.messages import SERVICE, Register
from kallnet.typed import digest, registry_domain
from kallprovider.chain import ChainWorker, Receipt
from kallprovider.config import ProviderConfig
from kallprovider.secret_files import load_account
from kallprovider.service import cost_of, deployment_of, open_chain

DEADLINE_SECONDS = 3600


def service_entry(config: ProviderConfig, account: Account) -> ServiceEntry:
    return ServiceEntry(
        public_key=account.public_key,
        api_versions=(config.terms.api_version,),
        service_type=PROXY,
        costs=(cost_of(config),),
        details={
            "name": config.name,
            "sip": config.sip_uri,
            "domain": config.domain,
            "turn": [config.turn_uri],
            "api": config.api_url,
            "rail": config.terms.rail,
        },
    )


async def publish(config: ProviderConfig) -> Receipt:
    """Creates, replaces or renews the service entry, paid by the provider's own account."""
    account, deployment = load_account(config.key), deployment_of(config)
    chain = open_chain(config, deployment, account)
    try:
        return await _publish(chain, config, deployment, account)
    finally:
        chain.close()


async def _publish(
    chain: ChainWorker, config: ProviderConfig, deployment: Deployment, account: Account
) -> Receipt:
    message = Register(
        kind=SERVICE,
        account=account.address,
        entry=service_entry(config, account).encode(),
        salt=0,
        nonce=await chain.service_nonce(),
        deadline=await chain.chain_time() + DEADLINE_SECONDS,
    )
    signature = account.sign(digest(registry_domain(deployment), message))
    return await chain.transact(deployment.registry, calldata.register(message, signature))
