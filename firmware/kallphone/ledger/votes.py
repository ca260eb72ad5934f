"""Verbs of those who vote on the network's specification."""

from __future__ import annotations

from kallnet import calldata
from kallnet.account import address_from_hex, address_to_hex
from kallnet.errors import LedgerInconsistent
from kallnet.messages import Ballot, Delegation, Interest, Proposal
from kallnet.typed import coin_domain, spec_domain
from kallnet.votes import Vote, read_interest, read_specification, read_vote
from kallphone.ledger.answer import Mined, Said, kall
from kallphone.ledger.desk import Desk
from kallphone.ledger.errors import UsageError
from kallphone.ledger.typed_words import options_of, ranking_of, spec_hash_of
from kallphone.payments.chain import DEADLINE_S

_PHASES = ("interest and proposals", "ballots", "the count")


def spec(desk: Desk, *, version: int | None = None) -> Said:
    """The specification that a network API version stands for, proved."""
    found = read_specification(desk.ledger, version)
    if found.spec_hash is None:
        raise UsageError(f"there is no network API version {found.version}: the latest is {found.latest}")
    text = "0x" + found.spec_hash.hex()
    line = f"network API version {found.version} is the text with keccak-256 {text}"
    return Said((line,), {"version": found.version, "latest": found.latest, "hash": text})


def vote(desk: Desk, *, number: int | None = None) -> Said:
    """How a vote stands: its phase and its ballot."""
    current, phase = _current(desk)
    chosen = current if number is None else number
    if not 0 <= chosen <= current:
        raise UsageError(f"there is no vote {chosen} yet: the current one is {current}")
    snapshot = _number(desk, "snapshotOf(uint256)", chosen)
    found = read_vote(desk.ledger, chosen)
    when = f"open for {_PHASES[phase]}" if chosen == current else "over"
    lines = [f"vote {chosen} is {when}; power counts as of block {snapshot}", *_ballot(found)]
    if found.version:
        lines.append(f"it is counted: the latest network API version after it is {found.version}")
    fields = {"vote": chosen, "phase": _PHASES[phase] if chosen == current else "over", "snapshot": snapshot}
    proposals = [{"hash": "0x" + h.hex(), "power": power} for h, power in found.proposals]
    return Said(tuple(lines), {**fields, "proposals": proposals, "version": found.version})


def delegate(desk: Desk, account: str) -> Said:
    """Gives the key's votes to an account. To vote with one's own coins, that is oneself."""
    to = address_from_hex(account)
    coin = desk.deployment.coin
    nonce, expiry = desk.ledger.permit_nonce(desk.account.address), _deadline(desk)
    message = Delegation(to, nonce, expiry)
    signature = desk.signed(message, coin_domain(desk.deployment))
    mined = desk.sender.transact(coin, calldata.delegate_by_signature(message, signature))
    words = f"{_own(desk)} votes through {address_to_hex(to)}, in votes that begin from now on"
    return _done(desk, words, mined, delegate=address_to_hex(to))


def interest(desk: Desk) -> Said:
    """Enters the key's account for the vote that is open."""
    number, _ = _current(desk)
    message = Interest(desk.account.address, number, _deadline(desk))
    data = calldata.register_interest(message, desk.signed(message, spec_domain(desk.deployment)))
    mined = desk.sender.transact(desk.deployment.spec, data)
    power = read_interest(desk.ledger, number, desk.account.address).power
    words = f"{_own(desk)} takes part in vote {number} with {kall(power)}"
    return _done(desk, words, mined, vote=number, power=power)


def propose(desk: Desk, specification: str) -> Said:
    """Puts the key's power behind a specification: its file, or the keccak-256 of it."""
    wanted = spec_hash_of(specification)
    number, _ = _current(desk)
    message = Proposal(desk.account.address, number, wanted, _deadline(desk))
    data = calldata.propose(message, desk.signed(message, spec_domain(desk.deployment)))
    mined = desk.sender.transact(desk.deployment.spec, data)
    text = "0x" + wanted.hex()
    return _done(desk, f"{_own(desk)} is behind {text} in vote {number}", mined, vote=number, hash=text)


def cast(desk: Desk, options: str) -> Said:
    """Casts the key's ballot: the options' numbers with commas, the best one first."""
    chosen = options_of(options)
    found = read_vote(desk.ledger, _current(desk)[0])
    ranked = [_option(found, option) for option in chosen]
    own, number = desk.account.address, found.number
    message = Ballot(own, number, found.options_hash, ranking_of(chosen), _deadline(desk))
    data = calldata.cast(message, desk.signed(message, spec_domain(desk.deployment)))
    mined = desk.sender.transact(desk.deployment.spec, data)
    lines = [f"{_own(desk)} voted {options} in vote {number}"]
    lines += [f"  {option}  {words}" for option, words in zip(chosen, ranked, strict=True)]
    fields = {"account": _own(desk), "vote": number, "ranking": options, "ranked": ranked}
    return Said((*lines, mined.line()), {**fields, **mined.fields()})


def count(desk: Desk, *, number: int | None = None) -> Said:
    """Ends a vote whose ballots are in."""
    chosen = _current(desk)[0] if number is None else number
    mined = desk.sender.transact(desk.deployment.spec, calldata.count(chosen))
    found = read_specification(desk.ledger)
    return _done(
        desk, f"vote {chosen} is counted: the latest network API version is {found.latest}", mined,
        vote=chosen, version=found.latest,
    )  # fmt: skip


def _ballot(vote: Vote) -> list[str]:
    options = [f"  1  no change ({kall(vote.cast_power)} cast so far)"]
    for place, (spec_hash, power) in enumerate(vote.proposals, start=2):
        options.append(f"  {place}  0x{spec_hash.hex()}, {kall(power)} behind it")
    return options


def _option(vote: Vote, option: int) -> str:
    """What is behind an option's number; raises UsageError for one that is not on the ballot."""
    if option == 1:
        return "no change"
    if option > len(vote.proposals) + 1:
        last = len(vote.proposals) + 1
        raise UsageError(f"the ballot of vote {vote.number} has no option {option}: its last one is {last}")
    spec_hash, _ = vote.proposals[option - 2]
    return "0x" + spec_hash.hex()


def _current(desk: Desk) -> tuple[int, int]:
    """Number and phase, which the contract checks again: nobody need prove them."""
    number, phase = desk.view(desk.deployment.spec, "currentVote()", ("uint256", "uint8"))
    if phase >= len(_PHASES):
        raise LedgerInconsistent(f"a vote has no phase {phase}: use another endpoint")
    return int(number), int(phase)


def _number(desk: Desk, function: str, *arguments: int) -> int:
    (value,) = desk.view(desk.deployment.spec, function, ("uint256",), *arguments)
    return int(value)


def _deadline(desk: Desk) -> int:
    return desk.ledger.chain_time() + DEADLINE_S


def _own(desk: Desk) -> str:
    return address_to_hex(desk.account.address)


def _done(desk: Desk, words: str, mined: Mined, **fields: str | int) -> Said:
    return Said((words, mined.line()), {"account": _own(desk), **fields, **mined.fields()})
