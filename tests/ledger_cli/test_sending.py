from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from kallnet.abi import encode, selector
from kallnet.account import Address, address_to_hex
from kallnet.errors import LedgerInconsistent, LedgerRefused, LedgerUnreachable
from kallnet.keccak import keccak256
from kallphone.ledger.answer import Mined
from kallphone.ledger.desk import Desk
from kallphone.ledger.errors import ContractRefused, NotMined, OutOfGas, WalletMissing
from kallphone.ledger.sending import RECEIPT_WAIT_S, TransactionSender
from kallphone.ledger.settings import Settings
from tests.kallnet.samples import ALICE, BOB

CONTRACT = Address(b"\x66" * 20)
OWN = address_to_hex(ALICE.address)
AWAY = LedgerUnreachable({"http://fake": "can't connect"})
MINED = {"status": "0x1", "blockNumber": "0xc", "gasUsed": "0xef32"}


def refused(message: str, data: bytes = b"") -> LedgerRefused:
    return LedgerRefused("http://fake", "eth_x", -32000, message, data)


class Node:
    """Answers each question with what `says` has for it; an exception is raised, a list is used up."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {
            "eth_call": "0x",
            "eth_estimateGas": hex(50_000),
            "eth_maxPriorityFeePerGas": hex(3),
            "eth_getBlockByNumber": {"baseFeePerGas": hex(100)},
            "eth_getBalance": hex(10**18),
            "eth_getTransactionCount": hex(5),
            "eth_sendRawTransaction": "0x",
            "eth_getTransactionReceipt": MINED,
        }
        self.asked: list[tuple[str, list[Any]]] = []
        self.now = 0.0

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        self.asked.append((method, list(params)))
        answer = self.says[method]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def transact(self, data: bytes = b"\x01\x02") -> Mined:
        sender = TransactionSender(self, 31337, ALICE, self.pause, lambda: self.now)
        return sender.transact(CONTRACT, data)

    def sent(self) -> list[bytes]:
        return [bytes.fromhex(p[0][2:]) for method, p in self.asked if method == "eth_sendRawTransaction"]


@pytest.fixture
def node() -> Node:
    return Node()


def test_a_transaction_is_simulated_signed_sent_and_awaited(node: Node) -> None:
    mined = node.transact()
    (raw,) = node.sent()
    assert EthAccount.recover_transaction(raw) == OWN
    fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    assert {name: fields[name] for name in ("chainId", "nonce", "gas", "value")} == {
        "chainId": 31337,
        "nonce": 5,
        "gas": 60_000,
        "value": 0,
    }
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]) == (203, 3)
    assert (bytes(fields["to"]), bytes(fields["data"])) == (CONTRACT, b"\x01\x02")
    assert (mined.block, mined.gas_used) == (12, 61_234)
    call = {"from": OWN, "to": address_to_hex(CONTRACT), "data": "0x0102"}
    assert node.asked[0] == ("eth_call", [call, "latest"])


def test_the_contracts_words_come_before_anything_is_sent(node: Node) -> None:
    data = selector("ProviderNotDeployed(address)") + encode(("address",), (BOB.address,))
    node.says["eth_call"] = refused("execution reverted", data)
    with pytest.raises(ContractRefused) as caught:
        node.transact()
    said = f"the contract refuses: the provider {address_to_hex(BOB.address)} is not deployed"
    assert str(caught.value).startswith(said)
    assert caught.value.data == data
    assert node.sent() == []


def test_a_revert_without_words_is_a_refusal_too(node: Node) -> None:
    node.says["eth_estimateGas"] = refused("execution reverted")
    with pytest.raises(ContractRefused, match="without saying why"):
        node.transact()


def test_what_is_no_revert_is_not_put_on_the_contract(node: Node) -> None:
    node.says["eth_call"] = refused("method not found")
    with pytest.raises(LedgerRefused, match="method not found"):
        node.transact()


@pytest.mark.parametrize(("owned", "goes"), [(60_000 * 203, True), (60_000 * 203 - 1, False)])
def test_the_payer_must_own_what_it_may_cost(node: Node, owned: int, goes: bool) -> None:
    node.says["eth_getBalance"] = hex(owned)
    if goes:
        node.transact()
    else:
        with pytest.raises(OutOfGas, match=f"{OWN} has 0.000000 for gas"):
            node.transact()
    assert len(node.sent()) == goes


def test_a_chain_without_a_base_fee(node: Node) -> None:
    node.says["eth_getBlockByNumber"] = {}
    node.transact()
    fields = TypedTransaction.from_bytes(HexBytes(node.sent()[0])).as_dict()
    assert fields["maxFeePerGas"] == 3


@pytest.mark.parametrize("message", ["already known", "tx already imported"])
def test_an_endpoint_that_has_heard_of_it_is_fine(node: Node, message: str) -> None:
    node.says["eth_sendRawTransaction"] = refused(message)
    assert node.transact().block == 12


def test_another_refusal_of_the_node_is_passed_on(node: Node) -> None:
    node.says["eth_sendRawTransaction"] = refused("nonce too low")
    with pytest.raises(LedgerRefused, match="nonce too low"):
        node.transact()


def test_a_lost_answer_says_that_it_may_be_on_its_way(node: Node) -> None:
    node.says["eth_sendRawTransaction"] = AWAY
    with pytest.raises(NotMined, match="may be on its way") as caught:
        node.transact()
    assert f"transaction 0x{keccak256(node.sent()[0]).hex()} may" in str(caught.value)


def test_the_receipt_is_awaited_through_a_moment_without_the_ledger(node: Node) -> None:
    node.says["eth_getTransactionReceipt"] = [None, AWAY, None, MINED]
    assert node.transact().block == 12
    assert 0 < node.now < 1


def test_the_wait_ends(node: Node) -> None:
    node.says["eth_getTransactionReceipt"] = None
    with pytest.raises(NotMined, match="is not mined after 180 s: look for it"):
        node.transact()
    assert RECEIPT_WAIT_S <= node.now < RECEIPT_WAIT_S + 3


def test_what_was_mined_and_reverted_is_no_success(node: Node) -> None:
    node.says["eth_getTransactionReceipt"] = MINED | {"status": "0x0"}
    with pytest.raises(ContractRefused, match="was mined and reverted"):
        node.transact()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_estimateGas", None),
        ("eth_getBalance", "much"),
        ("eth_getTransactionCount", {}),
        ("eth_getTransactionReceipt", "0x1"),
        ("eth_getTransactionReceipt", {"status": "0x1"}),
    ],
)
def test_answers_without_sense_are_told_apart(node: Node, method: str, answer: Any) -> None:
    node.says[method] = answer
    with pytest.raises(LedgerInconsistent, match="answered with something that is no"):
        node.transact()


def test_the_recursion_limit_is_as_it_was() -> None:
    program = "import sys, kallphone.ledger.sending; print(sys.getrecursionlimit())"
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "firmware")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == 1000


def test_without_the_wallets_libraries_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "eth_account", None)
    monkeypatch.delitem(sys.modules, "kallphone.ledger.sending")
    desk = Desk(Settings(("http://127.0.0.1:1",)))
    with pytest.raises(WalletMissing, match=r"pip install 'kallphone\[wallet\]'"):
        _ = desk.sender
