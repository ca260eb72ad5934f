from __future__ import annotations

import json
from typing import Any

import pytest

from kallnet.account import Address, recover
from kallnet.entries import Cost, ProviderRef, ServiceEntry, decode_service, verify_agreement
from kallnet.messages import SERVICE, Register, Release
from kallnet.typed import digest
from kallphone.payments.chain import DEADLINE_S
from tests.kallnet.fakes import NOW
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT
from tests.ledger_cli.conftest import DOMAIN, KRYPTON, PROVIDER, USER, Terminal, proxy

DEPLOY = "deploy(address,string,bytes,uint256,uint256,bytes)"
UNDEPLOY = "undeploy(address,uint256,uint256,bytes)"
HOST = "proxy.example.org"


def deployed(terminal: Terminal) -> tuple[ServiceEntry, str, int]:
    provider, name, entry, nonce, deadline, signature = terminal.sent(DEPLOY)
    message = Register(SERVICE, Address(provider), entry, 0, nonce, deadline)
    assert (provider, deadline) == (BOB.address, NOW + DEADLINE_S)
    assert recover(digest(DOMAIN, message), signature) == BOB.address
    assert terminal.sender.sent[0][0] == DEPLOYMENT.krypton
    return decode_service(entry), name, nonce


def test_a_new_provider_is_free_until_it_says_its_price(terminal: Terminal) -> None:
    lines = terminal.lines("deploy", PROVIDER, HOST, key="provider")
    assert lines[0] == f"{PROVIDER} is deployed at {HOST}"
    entry, name, nonce = deployed(terminal)
    assert (name, nonce, entry.service_type, entry.costs) == (HOST, 0, "proxy", (Cost(0, 1, 100),))
    assert entry.details == {"domain": HOST, "sip": f"sip:{HOST};transport=tls"}


def test_price_share_and_api_are_options(terminal: Terminal) -> None:
    words = ("--price", "20", "--inviter-share", "75", "--api", "https://a.example")
    (said,) = terminal.lines("deploy", PROVIDER, HOST, *words, "--json", key="provider")
    assert json.loads(said)["price"] == 20
    entry, _, _ = deployed(terminal)
    assert (entry.costs, entry.details["api"]) == ((Cost(20, 1, 75),), "https://a.example")


def test_kryptons_spelling_sends_the_same(terminal: Terminal) -> None:
    terminal.lines("deploy", PROVIDER, HOST, key="provider")
    terminal.lines("invoke", KRYPTON, "deploy", f"[{PROVIDER},{HOST}]", key="provider")
    assert terminal.sender.sent[0] == terminal.sender.sent[1]


def test_deploying_again_keeps_what_is_not_said_anew(terminal: Terminal) -> None:
    terminal.publish_service(proxy(sip="sip:old", turn=["turn:here"], api="https://a.example"))
    terminal.lines("deploy", PROVIDER, "new.example", "--price", "9", key="provider")
    entry, _, nonce = deployed(terminal)
    assert (nonce, entry.costs) == (2, (Cost(9, 1, 75),))
    assert entry.details == {
        "domain": "new.example",
        "sip": "sip:new.example;transport=tls",
        "turn": ["turn:here"],
        "api": "https://a.example",
    }


def test_the_same_place_keeps_its_own_sip_address(terminal: Terminal) -> None:
    terminal.publish_service(proxy(sip="sip:own.address"))
    terminal.lines("deploy", PROVIDER, HOST, key="provider")
    assert deployed(terminal)[0].details["sip"] == "sip:own.address"


def test_an_entry_of_another_type_becomes_a_proxys(terminal: Terminal) -> None:
    gateway = ServiceEntry(BOB.public_key, (1,), "gateway", (Cost(5, 1, 0),), details={"prefix": "1"})
    terminal.publish_service(gateway)
    terminal.lines("deploy", PROVIDER, HOST, key="provider")
    entry, _, _ = deployed(terminal)
    assert (entry.service_type, "prefix" in entry.details) == ("proxy", False)


@pytest.mark.parametrize(("option", "value"), [("--price", "-1"), ("--inviter-share", "101")])
def test_a_price_must_fit(terminal: Terminal, option: str, value: str) -> None:
    code, _, err = terminal.type("deploy", PROVIDER, HOST, f"{option}={value}", key="provider")
    assert (code, "--price, --inviter-share: " in err) == (2, True)


@pytest.mark.parametrize("words", [("deploy", PROVIDER, HOST), ("undeploy", PROVIDER)])
def test_only_the_providers_key_speaks_for_it(terminal: Terminal, words: tuple[str, ...]) -> None:
    terminal.publish_service(proxy())
    code, _, err = terminal.type(*words, key="user")
    assert (code, f"is the key of {USER}: name that of {PROVIDER} with --key" in err) == (1, True)
    assert terminal.sender.sent == []


def test_undeploying(terminal: Terminal) -> None:
    terminal.publish_service(proxy())
    assert terminal.lines("undeploy", PROVIDER, key="provider")[0] == f"{PROVIDER} is undeployed"
    provider, nonce, deadline, signature = terminal.sent(UNDEPLOY)
    message = Release(SERVICE, Address(provider), nonce, deadline)
    assert (provider, nonce) == (BOB.address, 2)
    assert recover(digest(DOMAIN, message), signature) == BOB.address


def test_who_is_not_deployed_has_nothing_to_take_back(terminal: Terminal) -> None:
    code, _, err = terminal.type("undeploy", PROVIDER, key="provider")
    assert (code, f"{PROVIDER} is not deployed" in err) == (1, True)


def agreement(terminal: Terminal, *words: str) -> dict[str, Any]:
    (said,) = terminal.lines("agree", USER, *words, "--json", key="provider")
    fields: dict[str, Any] = json.loads(said)
    return fields


def test_an_agreement_is_a_small_file_that_holds(terminal: Terminal) -> None:
    said = agreement(terminal, "--days", "30")
    expiry = NOW + 30 * 86_400
    assert (said["provider"], said["user"], said["expiry"]) == (PROVIDER, USER, expiry)
    path = terminal.folder / "agreements" / f"{PROVIDER.lower()}-{USER.lower()}.json"
    assert said["file"] == str(path)
    body = json.loads(path.read_text())
    signature = bytes.fromhex(body.pop("agreement")[2:])
    assert body == {"provider": PROVIDER, "client": USER, "service_type": "proxy", "expiry": expiry}
    verify_agreement(ProviderRef(BOB.address, "proxy", expiry, signature), ALICE.address, DOMAIN, NOW)


def test_an_agreement_is_for_a_year_unless_told(terminal: Terminal) -> None:
    assert agreement(terminal)["expiry"] == NOW + 365 * 86_400


@pytest.mark.parametrize("days", ["0", "10001"])
def test_an_agreement_has_an_end(terminal: Terminal, days: str) -> None:
    code, _, err = terminal.type("agree", USER, "--days", days, key="provider")
    assert (code, "1 to 10000 days" in err) == (2, True)
