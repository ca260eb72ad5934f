from __future__ import annotations

import json
import uuid

import pytest

from kallnet.abi import encode
from kallnet.messages import CLIENT
from kallnet.number import format_number, number_for
from tests.kallnet.fakes import NOW
from tests.kallnet.samples import ALICE, DEPLOYMENT
from tests.ledger_cli.conftest import KRYPTON, PROVIDER, USER, UUID, Terminal, agreed, client, proxy

NUMBER = number_for(ALICE.address, 0)


@pytest.fixture
def registered(terminal: Terminal) -> Terminal:
    terminal.publish_client(client(agreed(), uuid=uuid.UUID(UUID).bytes, contact="call my neighbour"))
    terminal.publish_service(proxy())
    return terminal


@pytest.mark.parametrize(
    ("kind", "line", "result"),
    [
        ("uuid", UUID, UUID),
        ("location", "proxy.example.org", "proxy.example.org"),
        ("provider", PROVIDER, PROVIDER),
        ("number", format_number(NUMBER), str(NUMBER)),
    ],
)
def test_each_spelling_gives_the_same_answer(
    registered: Terminal, kind: str, line: str, result: str
) -> None:
    assert registered.lines("query", kind, USER) == [line]
    assert registered.lines("query", kind, str(NUMBER)) == [line]
    assert registered.lines("query", kind, format_number(NUMBER)) == [line]
    assert registered.lines("invoke", KRYPTON, "query", f'["{kind}","{USER}"]') == [line]
    assert registered.lines("invoke", KRYPTON, "query", f"[{kind}, {USER}]") == [line]
    (said,) = registered.lines("query", kind, USER, "--json")
    assert json.loads(said) == {"type": kind, "address": USER, "result": result}


def test_a_client_entry_is_told_in_words(registered: Terminal) -> None:
    assert registered.lines("query", "entry", USER) == [
        f"client   {USER}",
        f"number   {format_number(NUMBER)}",
        "until    1970-01-12 13:46 UTC, published in block 7",
        "API      1",
        f"uuid     {UUID}",
        "contact  call my neighbour",
        f"proxy    {PROVIDER}",
        "         agreed until 1970-01-12 13:46 UTC",
        "         at proxy.example.org",
    ]


def test_what_does_not_hold_in_an_entry_is_said(terminal: Terminal) -> None:
    terminal.publish_client(client(agreed(expiry=NOW)))
    lines = terminal.lines("query", "entry", USER)
    assert lines[-2:] == [
        f"        not agreed: invalid entry: the agreement of {PROVIDER} has expired",
        f"        not deployed: {PROVIDER} has no service entry on the ledger",
    ]


def test_a_service_entry_is_told_in_words(registered: Terminal) -> None:
    registered.publish_service(proxy(turn=["turn:1.example", "turn:2.example"]))
    assert registered.lines("query", "service", PROVIDER) == [
        f"service  {PROVIDER}",
        "type     proxy",
        "until    1970-01-12 13:46 UTC, published in block 7",
        "API      1",
        "cost     0.00002 kallCoin per 15 s (API 1, the inviter pays 75 %)",
        "turn     turn:1.example, turn:2.example",
        "domain   proxy.example.org",
    ]


def test_machines_get_the_whole_entry_in_hex(registered: Terminal) -> None:
    (said,) = registered.lines("query", "entry", USER, "--json")
    published = registered.chain.published[CLIENT, ALICE.address].entry
    assert json.loads(said)["result"] == "0x" + published.hex()


def test_the_number_of_an_address(registered: Terminal) -> None:
    assert registered.lines("number", USER) == [format_number(NUMBER)]


def test_the_version_is_the_contracts(terminal: Terminal) -> None:
    text = encode(("string",), ("1",))
    terminal.chain.calls[KRYPTON, "0x54fd4d50"] = "0x" + text.hex()
    assert terminal.lines("version") == ["1"]
    assert terminal.lines("invoke", KRYPTON, "version", "[]") == ["1"]
    assert terminal.lines("version", "--json") == ['{"version": "1"}']


def test_another_contract_has_no_version(terminal: Terminal) -> None:
    terminal.chain.calls[KRYPTON, "0x54fd4d50"] = "0x"
    code, _, err = terminal.type("version")
    assert (code, "is not the contract it should be: check the deployment file" in err) == (1, True)


@pytest.mark.parametrize(
    ("kind", "who", "words"),
    [
        ("uuid", PROVIDER, f"{PROVIDER} has no client entry on the ledger"),
        ("service", USER, f"{USER} has no service entry on the ledger"),
        ("location", str(number_for(DEPLOYMENT.coin, 0)), "nobody has the number"),
    ],
)
def test_what_is_not_there_ends_with_one(registered: Terminal, kind: str, who: str, words: str) -> None:
    code, out, err = registered.type("query", kind, who)
    assert (code, out) == (1, "")
    assert err.startswith("kallphone: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_lapsed_entry_ends_with_one(registered: Terminal) -> None:
    registered.publish_client(client(agreed()), expiry=NOW)
    code, out, err = registered.type("query", "entry", USER)
    assert (code, out, "lapsed on" in err) == (1, "", True)


def test_a_chain_that_is_away_ends_with_one(registered: Terminal) -> None:
    registered.endpoint.away = True
    code, out, err = registered.type("query", "uuid", USER)
    assert (code, out, "no ledger endpoint answers" in err) == (1, "", True)
