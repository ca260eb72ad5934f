"""Verbs of a client entry's owner."""

from __future__ import annotations

from dataclasses import replace

from kallnet import calldata
from kallnet.abi import selector
from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.entries import ClientEntry, decode_client, own_entry
from kallnet.errors import EntryLapsed, NotListed
from kallnet.ledger import Head
from kallnet.messages import CLIENT, Register, Release
from kallnet.number import KallNumber, format_number, number_for
from kallnet.query import published, service_entry
from kallphone.ledger.answer import Mined, Said, when
from kallphone.ledger.desk import Desk
from kallphone.ledger.errors import CommandError, ContractRefused
from kallphone.ledger.typed_words import uuid_bytes
from kallphone.payments.chain import DEADLINE_S
from kallphone.payments.errors import NoFreeNumber
from kallphone.payments.registration import entry_with, salts_to_try

_NUMBER_TAKEN = selector("NumberTaken(uint256,address)")


def register(desk: Desk, user: str, provider: str, uuid: str) -> Said:
    label, client, proxy = uuid_bytes(uuid), address_from_hex(user), address_from_hex(provider)
    own, ledger = desk.signer_for(client), desk.ledger
    service, now = service_entry(ledger, proxy), ledger.chain_time()
    ref = desk.agreements.find(own, proxy, service, now)
    head, old = desk.current(CLIENT, client, decode_client)
    entry = replace(entry_with(old, own.public_key, ref), uuid=label)
    number, mined = _publish(desk, head, proxy, entry, now + DEADLINE_S)
    words = f"{address_to_hex(client)} is registered with {address_to_hex(proxy)}"
    fields = {"user": address_to_hex(client), "provider": address_to_hex(proxy), "uuid": uuid.lower()}
    return Said(
        (words, f"number {format_number(number)}", mined.line()),
        {**fields, "number": str(number), **mined.fields()},
    )


def unregister(desk: Desk, user: str) -> Said:
    """By KRYPTON's door, which forgets the entry's body as well."""
    message, signature = _release_message(desk, address_from_hex(user))
    mined = desk.sender.transact(desk.deployment.krypton, calldata.krypton_unregister(message, signature))
    return _released(message.account, "unregistered", mined)


def release(desk: Desk) -> Said:
    """Takes back the own entry and its number, whoever registered it."""
    message, signature = _release_message(desk, desk.account.address)
    mined = desk.sender.transact(desk.deployment.registry, calldata.release(message, signature))
    return _released(message.account, "released", mined)


def renew(desk: Desk) -> Said:
    """The own entry as it is, for another term."""
    own, ledger = desk.account, desk.ledger
    head, raw = _to_renew(desk, own.address)
    now = ledger.chain_time()
    message = Register(CLIENT, own.address, raw, 0, head.nonce, now + DEADLINE_S)
    data = calldata.register(message, desk.signed(message))
    mined = desk.sender.transact(desk.deployment.registry, data)
    expiry = ledger.head(CLIENT, own.address).expiry
    lines = [f"the entry of {address_to_hex(own.address)} is good until {when(expiry)}"]
    for ref in own_entry(raw, own.address, decode_client).providers:
        if ref.expiry < expiry:
            who = address_to_hex(ref.provider)
            lines.append(f"its agreement with {who} ends earlier, on {when(ref.expiry)}: register again then")
    fields = {"user": address_to_hex(own.address), "expiry": expiry}
    return Said((*lines, mined.line()), {**fields, **mined.fields()})


def _to_renew(desk: Desk, account: Address) -> tuple[Head, bytes]:
    try:
        return published(desk.ledger, CLIENT, account)
    except EntryLapsed as lapsed:
        raise CommandError(f"{lapsed}: register again") from None


def _publish(
    desk: Desk, head: Head, proxy: Address, entry: ClientEntry, deadline: int
) -> tuple[KallNumber, Mined]:
    own = desk.account.address
    assert entry.uuid is not None
    for salt in salts_to_try(desk.ledger, own, head):
        message = Register(CLIENT, own, entry.encode(), salt, head.nonce, deadline)
        data = calldata.krypton_register(message, proxy, entry.uuid, desk.signed(message))
        try:
            mined = desk.sender.transact(desk.deployment.krypton, data)
        except ContractRefused as refusal:
            if refusal.data.startswith(_NUMBER_TAKEN):
                continue  # lapsed, and its holder's for a year of grace
            raise
        return KallNumber(head.number) or number_for(own, salt), mined
    raise NoFreeNumber("all numbers of this account belong to others: make a new account")


def _release_message(desk: Desk, client: Address) -> tuple[Release, bytes]:
    desk.signer_for(client)
    ledger = desk.ledger
    head = ledger.head(CLIENT, client)
    if head.expiry == 0:
        raise NotListed(f"{address_to_hex(client)} is not registered: there is nothing to take back")
    message = Release(CLIENT, client, head.nonce, ledger.chain_time() + DEADLINE_S)
    return message, desk.signed(message)


def _released(client: Address, word: str, mined: Mined) -> Said:
    line = f"{address_to_hex(client)} is {word}: its number is free again"
    return Said((line, mined.line()), {"user": address_to_hex(client), **mined.fields()})
