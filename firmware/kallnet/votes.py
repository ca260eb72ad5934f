"""What KallSpec says, proved: the specification of each network API version, and the votes on the next."""

from __future__ import annotations

from dataclasses import dataclass

from kallnet import slots
from kallnet.account import Address
from kallnet.keccak import keccak256
from kallnet.ledger import Ledger

MAX_PROPOSALS = 4


@dataclass(frozen=True, slots=True)
class Specification:
    """`spec_hash` is keccak-256 of the text; None when there is no such version."""

    version: int
    latest: int
    spec_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Vote:
    """`proposals` are hash and power, strongest first: options 2 and on. `version` is the latest one after
    the count, 0 before."""

    number: int
    cast_power: int
    version: int
    proposals: tuple[tuple[bytes, int], ...]

    @property
    def options_hash(self) -> bytes:
        """What a ballot is signed over: keccak-256 of the proposals' hashes in their order."""
        return keccak256(b"".join(spec_hash for spec_hash, _ in self.proposals))


@dataclass(frozen=True, slots=True)
class Interest:
    """All zero for who has not registered."""

    power: int
    proposed: bool
    cast: bool


def read_specification(ledger: Ledger, version: int | None = None) -> Specification:
    """Of this version, or of the latest. Raises LedgerError."""
    header = ledger.state.headers.newest()
    spec = ledger.deployment.spec
    (state,) = ledger.words(spec, [slots.spec_state()], header)
    latest, _ = slots.unpack(state, 64, 64)
    wanted = latest if version is None else version
    (word,) = ledger.words(spec, [slots.specification(wanted)], header)
    return Specification(wanted, latest, word.to_bytes(32, "big") if word else None)


def read_vote(ledger: Ledger, number: int) -> Vote:
    """Raises LedgerError."""
    header = ledger.state.headers.newest()
    places = slots.vote(number, 2 + MAX_PROPOSALS)
    head, powers, *hashes = ledger.words(ledger.deployment.spec, places, header)
    cast_power, count, version = slots.unpack(head, 64, 8, 64)
    each = slots.unpack(powers, *[64] * MAX_PROPOSALS)
    ranked = [(spec_hash.to_bytes(32, "big"), power) for spec_hash, power in zip(hashes, each, strict=True)]
    return Vote(number, cast_power, version, tuple(ranked[:count]))


def read_interest(ledger: Ledger, number: int, account: Address) -> Interest:
    """Raises LedgerError."""
    header = ledger.state.headers.newest()
    (word,) = ledger.words(ledger.deployment.spec, [slots.interest(number, account)], header)
    power, proposed, cast = slots.unpack(word, 64, 8, 8)
    return Interest(power, bool(proposed), bool(cast))
