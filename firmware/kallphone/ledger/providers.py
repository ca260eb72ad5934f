"""Verbs of a provider."""

from __future__ import annotations

from dataclasses import replace

from kallnet import calldata
from kallnet.account import address_from_hex, address_to_hex
from kallnet.deployment import NETWORK_API_VERSION
from kallnet.entries import PROXY, Cost, Details, ServiceEntry, decode_service
from kallnet.errors import EntryInvalid, NotListed
from kallnet.messages import SERVICE, Agreement, Register, Release
from kallphone.ledger.answer import Said, when
from kallphone.ledger.desk import Desk
from kallphone.ledger.errors import UsageError
from kallphone.ledger.typed_words import hostname
from kallphone.payments.chain import DEADLINE_S

AGREEMENT_DAYS = 365
_DAY_S = 86_400


def deploy(
    desk: Desk,
    provider: str,
    location: str,
    *,
    price: int | None = None,
    inviter_share: int | None = None,
    api: str | None = None,
) -> Said:
    """What an earlier entry of this proxy says stays, unless it is said anew."""
    account, domain = desk.signer_for(address_from_hex(provider)), hostname(location)
    head, old = desk.current(SERVICE, account.address, decode_service)
    entry = _entry(old, account.public_key, domain, _cost(old, price, inviter_share), api)
    deadline = desk.ledger.chain_time() + DEADLINE_S
    message = Register(SERVICE, account.address, entry.encode(), 0, head.nonce, deadline)
    data = calldata.krypton_deploy(message, domain, desk.signed(message))
    mined = desk.sender.transact(desk.deployment.krypton, data)
    who = address_to_hex(account.address)
    fields = {"provider": who, "location": domain, "price": entry.costs[0].price}
    return Said((f"{who} is deployed at {domain}", mined.line()), {**fields, **mined.fields()})


def undeploy(desk: Desk, provider: str) -> Said:
    account = desk.signer_for(address_from_hex(provider))
    who = address_to_hex(account.address)
    head = desk.ledger.head(SERVICE, account.address)
    if head.expiry == 0:
        raise NotListed(f"{who} is not deployed: there is nothing to take back")
    message = Release(SERVICE, account.address, head.nonce, desk.ledger.chain_time() + DEADLINE_S)
    data = calldata.krypton_undeploy(message, desk.signed(message))
    mined = desk.sender.transact(desk.deployment.krypton, data)
    return Said((f"{who} is undeployed", mined.line()), {"provider": who, **mined.fields()})


def agree(desk: Desk, user: str, *, days: int = AGREEMENT_DAYS) -> Said:
    """The key's account signs that it serves the user, into a file that the user takes along."""
    if not 1 <= days <= 10_000:
        raise UsageError("--days: an agreement is for 1 to 10000 days")
    client = address_from_hex(user)
    expiry = desk.ledger.chain_time() + days * _DAY_S
    message = Agreement(desk.account.address, client, PROXY, expiry)
    path = desk.agreements.write(desk.account, message)
    who = address_to_hex(message.provider)
    words = f"{who} agrees to serve {address_to_hex(client)} until {when(expiry)}"
    fields = {"provider": who, "user": address_to_hex(client), "expiry": expiry, "file": str(path)}
    return Said((words, f"written to {path}: give it to the user"), fields)


def _entry(
    old: ServiceEntry | None, public_key: bytes, domain: str, cost: Cost, api: str | None
) -> ServiceEntry:
    if old is None or old.service_type != PROXY:
        details = _details({}, domain, api)
        return ServiceEntry(public_key, (NETWORK_API_VERSION,), PROXY, (cost,), details=details)
    others = tuple(c for c in old.costs if c.api_version != cost.api_version)
    versions = tuple(sorted({*old.api_versions, cost.api_version}))
    details = _details(old.details, domain, api)
    return replace(old, api_versions=versions, costs=(cost, *others), details=details)


def _details(old: Details, domain: str, api: str | None) -> Details:
    details = dict(old)
    if old.get("domain") != domain:
        details |= {"domain": domain, "sip": f"sip:{domain};transport=tls"}
    if api is not None:
        details["api"] = api
    return details


def _cost(old: ServiceEntry | None, price: int | None, inviter_share: int | None) -> Cost:
    """Free, and at the inviter's cost, where nobody said anything else."""
    known = [c for c in old.costs if c.api_version == NETWORK_API_VERSION] if old is not None else []
    cost = known[0] if known else Cost(0, NETWORK_API_VERSION, 100)
    try:
        return Cost(
            cost.price if price is None else price,
            NETWORK_API_VERSION,
            cost.inviter_share if inviter_share is None else inviter_share,
        )
    except EntryInvalid as error:
        raise UsageError(f"--price, --inviter-share: {error.reason}") from None
