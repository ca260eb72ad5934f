"""Votes and reputations from the command line, over a chain in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kallnet import slots
from kallnet.abi import encode, selector
from kallnet.account import address_to_hex, recover
from kallnet.keccak import keccak256
from kallnet.messages import Ballot, Delegation, Interest, Proposal
from kallnet.typed import coin_domain, digest, spec_domain
from kallphone.payments.chain import DEADLINE_S
from tests.kallnet.fakes import NOW
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT
from tests.kallnet.test_opinions import rated
from tests.ledger_cli.conftest import USER, Terminal

SPEC = address_to_hex(DEPLOYMENT.spec)
RED, BLUE = keccak256(b"red"), keccak256(b"blue")
DEADLINE = NOW + DEADLINE_S


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


@pytest.fixture
def voting(terminal: Terminal) -> Terminal:
    """Vote 3 is open for ballots, with two proposals on it; version 1 is the latest."""
    chain, spec = terminal.chain, DEPLOYMENT.spec
    chain.words[spec, slots.spec_state()] = 1 | 3 << 64
    chain.words[spec, slots.specification(1)] = int.from_bytes(keccak256(b"one"), "big")
    head, powers, red, blue = slots.vote(3, 4)
    chain.words[spec, head] = 70 | 2 << 64
    chain.words[spec, powers] = 40 | 30 << 64
    chain.words[spec, red] = int.from_bytes(RED, "big")
    chain.words[spec, blue] = int.from_bytes(BLUE, "big")
    chain.words[spec, slots.interest(3, ALICE.address)] = 1234
    chain.words[DEPLOYMENT.coin, slots.coin_nonce(ALICE.address)] = 5
    chain.calls[SPEC, hexed(selector("currentVote()"))] = hexed(encode(("uint256", "uint8"), (3, 1)))
    for number in (2, 3):
        question = selector("snapshotOf(uint256)") + encode(("uint256",), (number,))
        chain.calls[SPEC, hexed(question)] = hexed(encode(("uint256",), (100 * number - 1,)))
    return terminal


def test_a_version_stands_for_a_text(voting: Terminal) -> None:
    (line,) = voting.lines("spec")
    assert line == f"network API version 1 is the text with keccak-256 {hexed(keccak256(b'one'))}"
    code, _, err = voting.type("spec", "--version", "2")
    assert (code, "there is no network API version 2: the latest is 1" in err) == (2, True)


def test_a_vote_is_told_with_its_ballot(voting: Terminal) -> None:
    assert voting.lines("vote") == [
        "vote 3 is open for ballots; power counts as of block 299",
        "  1  no change (0.00007 kallCoin cast so far)",
        f"  2  {hexed(RED)}, 0.00004 kallCoin behind it",
        f"  3  {hexed(BLUE)}, 0.00003 kallCoin behind it",
    ]
    (said,) = voting.lines("vote", "--json")
    assert json.loads(said)["proposals"] == [
        {"hash": hexed(RED), "power": 40},
        {"hash": hexed(BLUE), "power": 30},
    ]


def test_an_earlier_vote_is_over_and_a_later_one_not_there(voting: Terminal) -> None:
    head = slots.vote(2, 1)[0]
    voting.chain.words[DEPLOYMENT.spec, head] = 9 | 1 << 72
    assert voting.lines("vote", "--number", "2") == [
        "vote 2 is over; power counts as of block 199",
        "  1  no change (0.000009 kallCoin cast so far)",
        "it is counted: the latest network API version after it is 1",
    ]
    code, _, err = voting.type("vote", "--number", "4")
    assert (code, "there is no vote 4 yet: the current one is 3" in err) == (2, True)


def test_votes_are_delegated_by_signature(voting: Terminal) -> None:
    (words, _) = voting.lines("delegate", USER, key="user")
    assert words == f"{USER} votes through {USER}, in votes that begin from now on"
    function = "delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32)"
    *message, v, r, s = voting.sent(function)
    assert message == [ALICE.address, 5, DEADLINE]
    signed = digest(coin_domain(DEPLOYMENT), Delegation(ALICE.address, 5, DEADLINE))
    assert recover(signed, r + s + bytes([v])) == ALICE.address


def test_interest_names_the_open_vote_and_tells_the_power(voting: Terminal) -> None:
    (words, _) = voting.lines("interest", key="user")
    assert words == f"{USER} takes part in vote 3 with 0.001234 kallCoin"
    *message, signature = voting.sent("registerInterest(address,uint256,uint256,bytes)")
    assert message == [ALICE.address, 3, DEADLINE]
    signed = digest(spec_domain(DEPLOYMENT), Interest(ALICE.address, 3, DEADLINE))
    assert recover(signed, signature) == ALICE.address


@pytest.mark.parametrize("form", ["file", "hash"])
def test_a_proposal_is_a_file_or_its_hash(voting: Terminal, tmp_path: Path, form: str) -> None:
    (tmp_path / "two.md").write_bytes(b"red")
    what = str(tmp_path / "two.md") if form == "file" else hexed(RED)
    (words, _) = voting.lines("propose", what, key="user")
    assert words == f"{USER} is behind {hexed(RED)} in vote 3"
    *message, signature = voting.sent("propose(address,uint256,bytes32,uint256,bytes)")
    assert message == [ALICE.address, 3, RED, DEADLINE]
    signed = digest(spec_domain(DEPLOYMENT), Proposal(ALICE.address, 3, RED, DEADLINE))
    assert recover(signed, signature) == ALICE.address


def test_a_ballot_ranks_from_the_best_on(voting: Terminal) -> None:
    *words, _ = voting.lines("cast", "3, 1", key="user")
    assert words == [f"{USER} voted 3, 1 in vote 3", f"  3  {hexed(BLUE)}", "  1  no change"]
    *message, signature = voting.sent("cast(address,uint256,bytes32,uint256,uint256,bytes)")
    options = keccak256(RED + BLUE)
    assert message == [ALICE.address, 3, options, 0x31, DEADLINE]
    signed = digest(spec_domain(DEPLOYMENT), Ballot(ALICE.address, 3, options, 0x31, DEADLINE))
    assert recover(signed, signature) == ALICE.address


def test_what_a_ballot_ranks_is_told_to_programs(voting: Terminal) -> None:
    (said,) = voting.lines("cast", "1,2", "--json", key="user")
    assert json.loads(said)["ranked"] == ["no change", hexed(RED)]


def test_a_ballot_without_proposals_is_for_no_options(voting: Terminal) -> None:
    voting.chain.words[DEPLOYMENT.spec, slots.vote(3, 1)[0]] = 0
    *words, _ = voting.lines("cast", "1", key="user")
    assert words == [f"{USER} voted 1 in vote 3", "  1  no change"]
    *message, _ = voting.sent("cast(address,uint256,bytes32,uint256,uint256,bytes)")
    assert message == [ALICE.address, 3, keccak256(b""), 1, DEADLINE]


def test_an_option_that_is_not_on_the_ballot_ends_with_two(voting: Terminal) -> None:
    code, _, err = voting.type("cast", "3,4", key="user")
    assert (code, "the ballot of vote 3 has no option 4: its last one is 3" in err) == (2, True)
    assert not voting.sender.sent


@pytest.mark.parametrize("options", ["", "0", "6", "a", "1,,2", "1,2,3,4,5,1", "12"])
def test_what_ranks_nothing_ends_with_two(voting: Terminal, options: str) -> None:
    code, _, err = voting.type("cast", options, key="user")
    assert (code, "ranks no options: give their numbers, such as 3,1,2" in err) == (2, True)


def test_what_is_no_file_and_no_hash_ends_with_two(voting: Terminal) -> None:
    code, _, err = voting.type("propose", "nowhere.md", key="user")
    assert (code, "'nowhere.md' is no keccak-256 and no file" in err) == (2, True)


def test_anyone_may_count(voting: Terminal) -> None:
    (words, _) = voting.lines("count", "--number", "2", key="provider")
    assert words == "vote 2 is counted: the latest network API version is 1"
    assert voting.sent("count(uint256)") == (2,)


def test_a_reputation_says_how_sure_it_is(terminal: Terminal) -> None:
    terminal.endpoint.chain = rated(30)
    lines = terminal.lines("reputation", address_to_hex(BOB.address))
    assert lines[0].startswith(f"{address_to_hex(BOB.address)}: ")
    assert "of 5" in lines[0]
    assert lines[1].startswith("MOS between ")
    assert terminal.lines("reputation", USER) == [f"{USER}: not rated yet"]


def test_a_phase_that_there_is_not_is_an_error_in_words(voting: Terminal) -> None:
    answer = hexed(encode(("uint256", "uint8"), (3, 200)))
    voting.chain.calls[SPEC, hexed(selector("currentVote()"))] = answer
    code, _, err = voting.type("vote")
    assert (code, "a vote has no phase 200" in err) == (1, True)
