from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from kallnet.abi import selector
from kallnet.account import Address, address_to_hex, recover
from kallnet.entries import ClientEntry, decode_client
from kallnet.messages import CLIENT, Register, Release
from kallnet.number import SALTS, format_number, number_for
from kallnet.typed import digest
from kallphone.ledger.errors import ContractRefused
from kallphone.payments.chain import DEADLINE_S
from tests.kallnet.fakes import NOW, Published
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT
from tests.ledger_cli.conftest import (
    DOMAIN,
    KRYPTON,
    PROVIDER,
    USER,
    UUID,
    Terminal,
    agreed,
    client,
    proxy,
)

REGISTER = "register(address,address,bytes16,bytes,uint256,uint256,uint256,bytes)"
UNREGISTER = "unregister(address,uint256,uint256,bytes)"
LABEL = uuid.UUID(UUID).bytes
TAKEN = ContractRefused("taken", selector("NumberTaken(uint256,address)"))


@pytest.fixture
def ready(terminal: Terminal) -> Terminal:
    """A provider is deployed and has given its agreement."""
    terminal.publish_service(proxy())
    agree(terminal)
    return terminal


def agree(terminal: Terminal) -> None:
    terminal.lines("agree", USER, key="provider")


def registered(terminal: Terminal) -> tuple[ClientEntry, tuple[Any, ...]]:
    """What the one transaction registers, after its signature was found good."""
    user, provider, label, entry, salt, nonce, deadline, signature = terminal.sent(REGISTER)
    message = Register(CLIENT, Address(user), entry, salt, nonce, deadline)
    assert recover(digest(DOMAIN, message), signature) == ALICE.address
    return decode_client(entry), (user, provider, label, salt, nonce, deadline)


def test_a_new_user(ready: Terminal) -> None:
    number = number_for(ALICE.address, 0)
    assert ready.lines("register", USER, PROVIDER, UUID.upper(), key="user") == [
        f"{USER} is registered with {PROVIDER}",
        f"number {format_number(number)}",
        f"block 12, 61,234 gas, transaction 0x{'07' * 32}",
    ]
    entry, said = registered(ready)
    assert said == (ALICE.address, BOB.address, LABEL, 0, 0, NOW + DEADLINE_S)
    (ref,) = entry.providers
    assert (entry.public_key, entry.uuid, ref.provider) == (ALICE.public_key, LABEL, BOB.address)
    assert ready.sender.sent[0][0] == DEPLOYMENT.krypton


def test_kryptons_spelling_sends_the_same(ready: Terminal) -> None:
    ready.lines("register", USER, PROVIDER, UUID, key="user")
    ready.lines("invoke", KRYPTON, "register", json.dumps([USER, PROVIDER, UUID]), key="user")
    assert ready.sender.sent[0] == ready.sender.sent[1]


def test_machines_learn_the_transaction(ready: Terminal) -> None:
    (said,) = ready.lines("register", USER, PROVIDER, UUID, "--json", key="user")
    assert json.loads(said) == {
        "user": USER,
        "provider": PROVIDER,
        "uuid": UUID,
        "number": str(number_for(ALICE.address, 0)),
        "transaction": "0x" + "07" * 32,
        "block": 12,
        "gas_used": 61_234,
    }


def test_registering_again_keeps_what_is_not_the_proxys(ready: Terminal) -> None:
    gateway = agreed(service_type="gateway")
    old_proxy = replace(agreed(), provider=CAROL.address)
    ready.publish_client(client(old_proxy, gateway, contact="here", sealing_key=b"\7" * 32, uuid=None))
    ready.lines("register", USER, PROVIDER, UUID, key="user")
    entry, (_, _, _, salt, nonce, _) = registered(ready)
    assert (salt, nonce) == (0, 4)
    assert [(ref.provider, ref.service_type) for ref in entry.providers] == [
        (BOB.address, "proxy"),
        (BOB.address, "gateway"),
    ]
    assert (entry.contact, entry.sealing_key, entry.uuid) == ("here", b"\7" * 32, LABEL)


def test_an_entry_that_is_unusable_is_replaced_whole(ready: Terminal) -> None:
    ready.publish_client(client(agreed(), contact="here"))
    head = ready.chain.published[CLIENT, ALICE.address].head
    ready.chain.published[CLIENT, ALICE.address] = Published(b"\xa0", head)
    ready.lines("register", USER, PROVIDER, UUID, key="user")
    assert registered(ready)[0].contact is None


def test_a_number_that_another_holds_is_passed_over(ready: Terminal) -> None:
    ready.sender.refusals = [TAKEN]
    lines = ready.lines("register", USER, PROVIDER, UUID, key="user")
    _, (_, _, _, salt, _, _) = registered(ready)
    assert salt == 1
    assert lines[1] == f"number {format_number(number_for(ALICE.address, 1))}"


def test_no_number_left_is_said(ready: Terminal) -> None:
    ready.sender.refusals = [TAKEN] * SALTS
    code, _, err = ready.type("register", USER, PROVIDER, UUID, key="user")
    assert (code, "all numbers of this account belong to others" in err) == (1, True)


def test_another_refusal_is_told_at_once(ready: Terminal) -> None:
    ready.sender.refusals = [ContractRefused("not today", b"\1\2\3\4")]
    code, out, err = ready.type("register", USER, PROVIDER, UUID, key="user")
    assert (code, out) == (1, "")
    assert err == "kallphone: the contract refuses: not today\n"
    assert ready.sender.sent == []


def test_a_provider_that_is_not_deployed_takes_nobody(terminal: Terminal) -> None:
    agree(terminal)
    code, _, err = terminal.type("register", USER, PROVIDER, UUID, key="user")
    assert (code, f"{PROVIDER} has no service entry on the ledger" in err) == (1, True)


@pytest.mark.parametrize(
    "words", [("register", USER, PROVIDER, UUID), ("unregister", USER)], ids=["register", "unregister"]
)
def test_only_the_users_key_speaks_for_it(ready: Terminal, words: tuple[str, ...]) -> None:
    ready.publish_client(client(agreed()))
    code, _, err = ready.type(*words, key="provider")
    assert (code, f"is the key of {PROVIDER}: name that of {USER} with --key" in err) == (1, True)
    assert ready.sender.sent == []


def test_unregistering_goes_through_kryptons_contract(terminal: Terminal) -> None:
    terminal.publish_client(client(agreed()))
    lines = terminal.lines("unregister", USER, key="user")
    assert lines[0] == f"{USER} is unregistered: its number is free again"
    user, nonce, deadline, signature = terminal.sent(UNREGISTER)
    assert (user, nonce, deadline) == (ALICE.address, 4, NOW + DEADLINE_S)
    message = Release(CLIENT, ALICE.address, nonce, deadline)
    assert recover(digest(DOMAIN, message), signature) == ALICE.address
    assert terminal.sender.sent[0][0] == DEPLOYMENT.krypton


def test_releasing_goes_to_the_registry(terminal: Terminal) -> None:
    terminal.publish_client(client(agreed()))
    assert terminal.lines("release", key="user")[0].startswith(f"{USER} is released")
    assert terminal.sent("release(uint8,address,uint256,uint256,bytes)")[:3] == (CLIENT, ALICE.address, 4)
    assert terminal.sender.sent[0][0] == DEPLOYMENT.registry


@pytest.mark.parametrize("words", [("unregister", USER), ("release",)])
def test_who_never_registered_has_nothing_to_take_back(terminal: Terminal, words: tuple[str, ...]) -> None:
    code, _, err = terminal.type(*words, key="user")
    assert (code, f"{USER} is not registered" in err) == (1, True)


def test_renewing_sends_the_same_entry_and_says_what_ends_before_it(terminal: Terminal) -> None:
    entry = client(agreed(expiry=NOW), uuid=LABEL)
    terminal.publish_client(entry)
    lines = terminal.lines("renew", key="user")
    assert lines[:2] == [
        f"the entry of {USER} is good until 1970-01-12 13:46 UTC",
        f"its agreement with {PROVIDER} ends earlier, on 1970-01-12 13:46 UTC: register again then",
    ]
    kind, account, raw, _, nonce, _, _ = terminal.sent(
        "register(uint8,address,bytes,uint256,uint256,uint256,bytes)"
    )
    assert (kind, account, raw, nonce) == (CLIENT, ALICE.address, entry.encode(), 4)


def test_a_lapsed_entry_is_registered_again_not_renewed(terminal: Terminal) -> None:
    terminal.publish_client(client(agreed()), expiry=NOW)
    code, _, err = terminal.type("renew", key="user")
    assert (code, err.endswith("was not renewed: register again\n")) == (1, True)
    assert address_to_hex(ALICE.address) in err
