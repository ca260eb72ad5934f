from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kallnet.account import Address, address_to_hex
from kallnet.endpoint import Endpoint, EndpointFailed
from kallnet.errors import (
    LedgerInconsistent,
    LedgerLied,
    LedgerRefused,
    LedgerUnreachable,
    ProofInvalid,
    listed,
)
from kallnet.header import Header
from kallnet.headers import HOUR, Finality, Headers
from kallnet.proof import EMPTY_CODE, MAX_NODES, prove_account, prove_storage

log = logging.getLogger(__name__)

T = TypeVar("T")


class WorldState:
    """Contract storage, proved against a header that enough endpoints agree on (see Headers).

    An endpoint that sends no good proof is named in the log and kept in `suspects`; it is asked last from
    then on, as is one that does not answer.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        chain_id: int,
        *,
        agree: int | None = None,
        finality: Finality = "finalized",
        max_age: float = HOUR,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """By default more than half of the endpoints must agree."""
        self.suspects: dict[str, str] = {}
        self._endpoints = list(endpoints)
        self._chain_id = chain_id
        self.headers = Headers(
            list(endpoints),
            chain_id,
            agree=len(endpoints) // 2 + 1 if agree is None else agree,
            finality=finality,
            blame=self._blame,
            max_age=max_age,
            clock=clock,
        )

    def words(self, contract: Address, slots: Sequence[bytes], header: Header) -> list[int]:
        """The words in these slots after `header`'s block.

        Raises LedgerLied or LedgerUnreachable when no endpoint proves them, LedgerInconsistent when it is
        proved that there is no such contract.
        """
        params = [address_to_hex(contract), ["0x" + slot.hex() for slot in slots], hex(header.number)]

        def ask(endpoint: Endpoint) -> list[int]:
            answer = endpoint.ask("eth_getProof", params, chain_id=self._chain_id)
            return _proved(answer, contract, slots, header)

        return self.first(lambda endpoint: _twice(ask, endpoint))

    def first(self, ask: Callable[[Endpoint], T]) -> T:
        """The first good answer; `ask` raises ProofInvalid for one that is no good."""
        causes: dict[str, str] = {}
        lies: dict[str, str] = {}
        for endpoint in list(self._endpoints):
            try:
                return ask(endpoint)
            except LedgerRefused as error:
                causes[endpoint.name] = str(error)
            except EndpointFailed as error:
                causes[endpoint.name] = str(error)
                self._ask_last(endpoint)
            except ProofInvalid as error:
                lies[endpoint.name] = str(error)
                self._blame(endpoint, str(error))
        raise LedgerLied(lies, causes) if lies else LedgerUnreachable(causes)

    def event(self, what: str, wanted: dict[str, Any], pick: Callable[[list[Any]], T | None]) -> T:
        """What `pick` finds in the events of the first endpoint that has it; `what` says so in an error.

        Raises LedgerInconsistent when none has it, naming each.
        """

        def ask(endpoint: Endpoint) -> T:
            answer = endpoint.ask("eth_getLogs", [wanted], chain_id=self._chain_id)
            found = pick(answer if isinstance(answer, list) else [])
            if found is None:
                raise EndpointFailed("it does not show it")
            return found

        try:
            return self.first(ask)
        except LedgerUnreachable as error:
            raise LedgerInconsistent(
                f"{what} is on the ledger, but no endpoint shows it ({listed(error.causes)}): use another"
            ) from None

    def close(self) -> None:
        for endpoint in self._endpoints:
            endpoint.close()

    def _blame(self, endpoint: Endpoint, words: str) -> None:
        if endpoint.name not in self.suspects:
            log.warning("the ledger endpoint %s lies or is broken: %s", endpoint.name, words)
        self.suspects[endpoint.name] = words
        self._ask_last(endpoint)

    def _ask_last(self, endpoint: Endpoint) -> None:
        self._endpoints = [*(e for e in self._endpoints if e is not endpoint), endpoint]


def _twice(ask: Callable[[Endpoint], T], endpoint: Endpoint) -> T:
    """A node that has just made a block may prove the state after it: an honest one does better at once."""
    try:
        return ask(endpoint)
    except ProofInvalid:
        return ask(endpoint)


def _proved(answer: Any, contract: Address, slots: Sequence[bytes], header: Header) -> list[int]:
    if not isinstance(answer, dict):
        raise ProofInvalid("it sent no proof")
    account = prove_account(header.state_root, contract, _nodes(answer.get("accountProof")))
    if account is None or account.code_hash == EMPTY_CODE:
        where = f"{address_to_hex(contract)} at block {header.number}"
        raise LedgerInconsistent(f"there is no contract {where}: is the file of another deployment?")
    proofs = answer.get("storageProof")
    if not isinstance(proofs, list) or len(proofs) != len(slots):
        raise ProofInvalid(f"it did not send the {len(slots)} proofs that were asked for")
    nodes = [_nodes(proof.get("proof")) if isinstance(proof, dict) else [] for proof in proofs]
    return [prove_storage(account.storage_root, slot, own) for slot, own in zip(slots, nodes, strict=True)]


def _nodes(value: Any) -> list[bytes]:
    if not isinstance(value, list) or len(value) > MAX_NODES:
        raise ProofInvalid("a proof is no list of nodes")
    try:
        return [bytes.fromhex(node.removeprefix("0x")) for node in value]
    except (AttributeError, ValueError):
        raise ProofInvalid("a proof's node is no hexadecimal text") from None
