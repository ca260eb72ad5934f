"""A whole vote on a real node: a thousand voters, and some more who delegate to them."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from kallnet import calldata
from kallnet.abi import decode, encode_call
from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.keccak import keccak256
from kallnet.ledger import open_ledger
from kallnet.messages import Ballot, Delegation, Interest, Proposal
from kallnet.typed import coin_domain, digest, spec_domain
from kallnet.votes import Specification, read_interest, read_specification, read_vote
from tests.chain import LocalChain
from tests.contracts.conftest import CONTRACTS
from tests.contracts.stv import NO_CHANGE, Vote, to_ranking, winner

pytestmark = pytest.mark.chain

VOTERS = 1000
DELEGATORS = 50
PROPOSERS = 30
CYCLE, PROPOSING, VOTING, QUORUM = 100, 40, 40, 2000
SPECS = [keccak256(f"network API 2, draft {i}".encode()) for i in range(6)]
BATCH = 100
GAS = 250_000  # of each, so that a batch fits into a block
SNAPSHOT = json.loads((CONTRACTS / "snapshots" / "gas.json").read_text())


class Polls:
    """The contracts, and a relay that submits what voters sign."""

    def __init__(self, chain: LocalChain, deployment: Deployment) -> None:
        self._chain = chain
        self._http = requests.Session()
        self.deployment = deployment
        self.deadline = chain.time() + 24 * 3600
        (self.origin,) = self.view("origin()", ["uint256"])

    @property
    def url(self) -> str:
        return self._chain.url

    def close(self) -> None:
        self._http.close()

    def submit(self, contract: Address, calls: Sequence[bytes]) -> None:
        """In this order, a block for each batch; every one must go through."""
        nonce = int(self._chain.rpc("eth_getTransactionCount", self._sender, "latest"), 16)
        transactions = [self._transaction(contract, data, nonce + i) for i, data in enumerate(calls)]
        self._chain.rpc("evm_setAutomine", False)
        for i in range(0, len(calls), BATCH):
            hashes = self._batch("eth_sendTransaction", transactions[i : i + BATCH])
            self._chain.mine()
            receipts = self._batch("eth_getTransactionReceipt", hashes)
            assert {receipt["status"] for receipt in receipts} == {"0x1"}
        self._chain.rpc("evm_setAutomine", True)

    def count(self, vote: int) -> dict[str, Any]:
        return self._chain.transact(address_to_hex(self.deployment.spec), calldata.count(vote))

    def view(self, signature: str, types: Sequence[str], *values: object) -> tuple[Any, ...]:
        call = {
            "to": address_to_hex(self.deployment.spec), "data": "0x" + encode_call(signature, *values).hex()
        }  # fmt: skip
        return decode(types, bytes.fromhex(self._chain.rpc("eth_call", call, "latest")[2:]))

    def await_block(self, number: int) -> None:
        """Such that the next transaction is in it."""
        missing = number - 1 - int(self._chain.rpc("eth_blockNumber"), 16)
        assert missing >= 0, "the phase before was too short"
        self._chain.mine(missing)

    @property
    def _sender(self) -> str:
        return self._chain.accounts[0].address

    def _transaction(self, contract: Address, data: bytes, nonce: int) -> dict[str, str]:
        # The node works on a batch side by side, and would give several the same nonce.
        return {
            "from": self._sender, "to": address_to_hex(contract), "data": "0x" + data.hex(),
            "gas": hex(GAS), "nonce": hex(nonce),
        }  # fmt: skip

    def _batch(self, method: str, params: Sequence[object]) -> list[Any]:
        body = [{"jsonrpc": "2.0", "id": i, "method": method, "params": [p]} for i, p in enumerate(params)]
        answers = self._http.post(self._chain.url, json=body, timeout=60).json()
        return [answer["result"] for answer in sorted(answers, key=lambda answer: int(answer["id"]))]


@dataclass(frozen=True)
class Voter:
    account: Account
    power: int
    preferences: list[int]
    spec_hash: bytes | None

    def sign_interest(self, polls: Polls, vote: int) -> bytes:
        message = Interest(self.account.address, vote, polls.deadline)
        return calldata.register_interest(message, self._sign(polls, message))

    def sign_proposal(self, polls: Polls, vote: int) -> bytes:
        assert self.spec_hash is not None
        message = Proposal(self.account.address, vote, self.spec_hash, polls.deadline)
        return calldata.propose(message, self._sign(polls, message))

    def sign_ballot(self, polls: Polls, vote: int, options: bytes) -> bytes:
        ranking = to_ranking(self.preferences)
        message = Ballot(self.account.address, vote, options, ranking, polls.deadline)
        return calldata.cast(message, self._sign(polls, message))

    def _sign(self, polls: Polls, message: Interest | Proposal | Ballot) -> bytes:
        return self.account.sign(digest(spec_domain(polls.deployment), message))


def account(number: int) -> Account:
    return Account(keccak256(f"voter {number}".encode()))


def electorate(rng: random.Random) -> list[Voter]:
    """Most prefer the options 2 and 3, but those who don't agree in the end on 4."""
    voters = []
    for number in range(VOTERS):
        camp = rng.choice([[2, 4], [3, 4], [4], [5, 4], [1, 4]])
        rest = [option for option in range(1, 6) if option not in camp]
        preferences = camp + rng.sample(rest, rng.randint(0, len(rest)))
        spec_hash = rng.choice(SPECS) if number < PROPOSERS else None
        voters.append(Voter(account(number), rng.randint(1, 5 * 10**11), preferences, spec_hash))
    return voters


def fund(polls: Polls, voters: Sequence[Voter]) -> None:
    """A voter's power is its own coins and, for the first ones, as many again from a delegator."""
    coin = polls.deployment.coin
    delegators = [account(VOTERS + i) for i in range(DELEGATORS)]
    halves = [v.power // 2 if i < DELEGATORS else 0 for i, v in enumerate(voters)]
    own = [
        calldata.transfer(v.account.address, v.power - half) for v, half in zip(voters, halves, strict=True)
    ]
    others = [calldata.transfer(d.address, half) for d, half in zip(delegators, halves, strict=False)]
    polls.submit(coin, own + others)
    delegations = [delegate(polls, v.account, v.account.address) for v in voters]
    delegations += [delegate(polls, d, v.account.address) for d, v in zip(delegators, voters, strict=False)]
    polls.submit(coin, delegations)


def delegate(polls: Polls, signer: Account, delegatee: Address) -> bytes:
    message = Delegation(delegatee, 0, polls.deadline)
    signature = signer.sign(digest(coin_domain(polls.deployment), message))
    return calldata.delegate_by_signature(message, signature)


def strongest_proposals(voters: Sequence[Voter]) -> list[tuple[bytes, int]]:
    backing: Counter[bytes] = Counter()
    for voter in voters:
        if voter.spec_hash is not None:
            backing[voter.spec_hash] += voter.power
    return backing.most_common(4)


@pytest.fixture
def polls(chain: LocalChain, tmp_path: Path) -> Iterator[Polls]:
    snapshot = chain.snapshot()
    chain.deploy(tmp_path, votes=(CYCLE, PROPOSING, VOTING, QUORUM))
    polls = Polls(chain, load_deployment(chain.deployment_path(tmp_path)))
    yield polls
    polls.close()
    chain.rpc("evm_setAutomine", True)
    chain.revert(snapshot)


def test_a_thousand_voters_elect_the_next_specification(polls: Polls) -> None:
    voters = electorate(random.Random(2601))
    spec, first_block = polls.deployment.spec, polls.origin + CYCLE
    fund(polls, voters)

    polls.await_block(first_block)
    polls.submit(spec, [voter.sign_interest(polls, 1) for voter in voters])
    polls.submit(spec, [voter.sign_proposal(polls, 1) for voter in voters[:PROPOSERS]])
    on_ballot = strongest_proposals(voters)
    hashes, powers = polls.view("ballot(uint256)", ["bytes32[]", "uint64[]"], 1)
    assert list(zip(hashes, powers, strict=True)) == on_ballot

    polls.await_block(first_block + PROPOSING)
    options = keccak256(b"".join(hashes))
    polls.submit(spec, [voter.sign_ballot(polls, 1, options) for voter in voters])
    polls.await_block(first_block + PROPOSING + VOTING)
    receipt = polls.count(1)

    ballots: list[Vote] = [(voter.preferences, voter.power) for voter in voters]
    elected = winner(ballots, 5)
    assert elected not in (NO_CHANGE, plurality(ballots)), "this election shows nothing"
    assert polls.view("latestVersion()", ["uint256"]) == (2,)
    assert polls.view("specOf(uint256)", ["bytes32"], 2) == (on_ballot[elected - 2][0],)
    head = polls.view("headOf(uint256)", ["uint64", "uint8", "uint64"], 1)
    assert head == (sum(voter.power for voter in voters), 4, 2)
    assert int(receipt["gasUsed"], 16) <= int(SNAPSHOT["count_worst"])
    assert_proved(polls, on_ballot, on_ballot[elected - 2][0], voters[0])


def assert_proved(polls: Polls, on_ballot: list[tuple[bytes, int]], elected: bytes, voter: Voter) -> None:
    """Whoever reads by proofs sees the same."""
    with closing(open_ledger([polls.url], polls.deployment, finality="latest")) as ledger:
        assert read_specification(ledger) == Specification(2, 2, elected)
        assert read_specification(ledger, 3).spec_hash is None
        vote = read_vote(ledger, 1)
        assert (list(vote.proposals), vote.version) == (on_ballot, 2)
        assert vote.options_hash == keccak256(b"".join(spec_hash for spec_hash, _ in on_ballot))
        interest = read_interest(ledger, 1, voter.account.address)
        assert (interest.power, interest.proposed, interest.cast) == (voter.power, True, True)


def plurality(ballots: Sequence[Vote]) -> int:
    firsts: Counter[int] = Counter()
    for preferences, power in ballots:
        firsts[preferences[0]] += power
    return firsts.most_common(1)[0][0]
