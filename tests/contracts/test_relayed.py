"""Relayed messages on a real chain, signed by eth_account, which knows nothing of our own EIP-712 code."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.types import TxReceipt

from tests.chain import ChainAccount
from tests.contracts.conftest import CONTRACTS, EXIT_DELAY, Deployed

pytestmark = pytest.mark.chain

COIN = 10**6
ENTRY = bytes.fromhex("a1016568656c6c6f") * 38
TYPES = {
    "Register": "uint8 kind,address account,bytes entry,uint256 salt,uint256 nonce,uint256 deadline",
    "Release": "uint8 kind,address account,uint256 nonce,uint256 deadline",
    "Voucher": "address client,address provider,uint256 epoch,uint256 cumulative",
    "Deposit": "address client,address provider,uint256 amount,uint256 nonce,uint256 deadline",
    "StartExit": "address client,address provider,uint256 nonce,uint256 deadline",
    "Permit": "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
    "TransferWithAuthorization": (
        "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
    ),
}
SNAPSHOT = json.loads((CONTRACTS / "snapshots" / "gas.json").read_text())


class Network:
    """The contracts by web3; transactions go out from a stranger's account, as a relay's would."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.web3 = Web3(Web3.HTTPProvider(deployed.chain.url, request_kwargs={"timeout": 30}))
        self.client = self._checksum(deployed.client)
        self.provider = self._checksum(deployed.provider)
        self.relay = self._checksum(deployed.chain.accounts[3])
        self.deadline = deployed.chain.time() + 24 * 3600
        self.coin = self._contract("KallCoin")
        self.registry = self._contract("KallRegistry")
        self.escrow = self._contract("KallEscrow")

    def sign(self, contract: str, kind: str, message: Mapping[str, object], by: ChainAccount) -> bytes:
        members = [member.split(" ") for member in TYPES[kind].split(",")]
        typed = encode_typed_data(
            domain_data={
                "name": "kallCoin" if contract == "KallCoin" else contract,
                "version": "1",
                "chainId": self.deployed.chain.chain_id,
                "verifyingContract": self.deployed.address(contract),
            },
            message_types={kind: [{"type": type_, "name": name} for type_, name in members]},
            message_data=dict(message),
        )
        return bytes(Account.sign_message(typed, by.key).signature)

    def send(self, call: Any) -> TxReceipt:
        receipt = self.web3.eth.wait_for_transaction_receipt(call.transact({"from": self.relay}))
        assert receipt["status"] == 1
        return receipt

    def channel(self) -> tuple[int, int, int, int]:
        """(deposited, claimed, exit at, epoch)"""
        return tuple(self.escrow.functions.channel(self.client, self.provider).call())

    def balance(self, account: str) -> int:
        balance: int = self.coin.functions.balanceOf(account).call()
        return balance

    def _contract(self, name: str) -> Contract:
        abi = json.loads((CONTRACTS / "out" / f"{name}.sol" / f"{name}.json").read_text())["abi"]
        return self.web3.eth.contract(Web3.to_checksum_address(self.deployed.address(name)), abi=abi)

    @staticmethod
    def _checksum(account: ChainAccount) -> str:
        return Web3.to_checksum_address(account.address)


@pytest.fixture
def network(deployed: Deployed) -> Network:
    return Network(deployed)


def register(network: Network, nonce: int = 0, salt: int = 3) -> TxReceipt:
    message = {
        "kind": 1, "account": network.client, "entry": ENTRY, "salt": salt, "nonce": nonce,
        "deadline": network.deadline,
    }  # fmt: skip
    signature = network.sign("KallRegistry", "Register", message, network.deployed.client)
    return network.send(network.registry.functions.register(*message.values(), signature))


def deposit_by_signature(network: Network, amount: int) -> TxReceipt:
    network.deployed.chain.give_coins(network.client, amount)
    permit = {
        "owner": network.client, "spender": network.escrow.address, "value": amount, "nonce": 0,
        "deadline": network.deadline,
    }  # fmt: skip
    deposit = {
        "client": network.client, "provider": network.provider, "amount": amount, "nonce": 0,
        "deadline": network.deadline,
    }  # fmt: skip
    signature = network.sign("KallEscrow", "Deposit", deposit, network.deployed.client)
    permit_signature = network.sign("KallCoin", "Permit", permit, network.deployed.client)
    call = network.escrow.functions.depositBySignature(*deposit.values(), signature, permit_signature)
    return network.send(call)


def signed_voucher(network: Network, epoch: int, cumulative: int) -> tuple[tuple[object, ...], bytes]:
    voucher = {
        "client": network.client, "provider": network.provider, "epoch": epoch, "cumulative": cumulative
    }  # fmt: skip
    signature = network.sign("KallEscrow", "Voucher", voucher, network.deployed.client)
    return tuple(voucher.values()), signature


def start_exit(network: Network, nonce: int) -> TxReceipt:
    message = {
        "client": network.client, "provider": network.provider, "nonce": nonce, "deadline": network.deadline
    }  # fmt: skip
    signature = network.sign("KallEscrow", "StartExit", message, network.deployed.client)
    return network.send(network.escrow.functions.startExit(*message.values(), signature))


def test_entry_is_in_the_block_that_its_record_names(network: Network) -> None:
    receipt = register(network)
    head, entry_hash = network.registry.functions.query(1, network.client).call()
    number, expiry, block, nonce = head
    assert number == network.registry.functions.numberFor(network.client, 3).call()
    assert expiry == network.deployed.chain.time() + 365 * 24 * 3600
    assert (block, nonce) == (receipt["blockNumber"], 1)
    assert network.registry.functions.resolve(number).call() == network.client
    events = network.registry.events.Registered.get_logs(from_block=block, to_block=block)
    assert [bytes(event["args"]["entry"]) for event in events] == [ENTRY]
    assert entry_hash == Web3.keccak(ENTRY)


def test_release_frees_the_number(network: Network) -> None:
    register(network)
    message = {"kind": 1, "account": network.client, "nonce": 1, "deadline": network.deadline}
    signature = network.sign("KallRegistry", "Release", message, network.deployed.client)
    network.send(network.registry.functions.release(*message.values(), signature))
    head, _ = network.registry.functions.query(1, network.client).call()
    assert head == (0, 0, 0, 2)


def test_money_goes_round(network: Network) -> None:
    deposit_by_signature(network, 10 * COIN)
    assert network.channel() == (10 * COIN, 0, 0, 0)
    assert network.balance(network.client) == 0

    voucher, signature = signed_voucher(network, 0, 4 * COIN)
    network.send(network.escrow.functions.claim(voucher, signature))
    voucher, signature = signed_voucher(network, 0, 5 * COIN)
    network.send(network.escrow.functions.claimBatch([voucher, voucher], [signature, signature]))
    assert network.balance(network.provider) == 5 * COIN

    start_exit(network, nonce=1)
    exit_at = network.deployed.chain.time() + EXIT_DELAY
    assert network.channel() == (10 * COIN, 5 * COIN, exit_at, 0)
    network.deployed.chain.pass_time(EXIT_DELAY)
    network.send(network.escrow.functions.exit(network.client, network.provider))
    assert network.balance(network.client) == 5 * COIN
    assert network.channel() == (0, 0, 0, 1)


def test_refusals_carry_their_values_in_the_abi(network: Network) -> None:
    voucher, signature = signed_voucher(network, 7, COIN)
    with pytest.raises(ContractCustomError) as refused:
        network.escrow.functions.claim(voucher, signature).call()
    assert refused.value.data == network.escrow.encode_abi("WrongEpoch", [0, 7])


def test_transfer_with_authorization(network: Network) -> None:
    network.deployed.chain.give_coins(network.client, COIN)
    message = {
        "from": network.client, "to": network.provider, "value": COIN, "validAfter": 0,
        "validBefore": network.deadline, "nonce": b"\x07" * 32,
    }  # fmt: skip
    signature = network.sign("KallCoin", "TransferWithAuthorization", message, network.deployed.client)
    r, s, v = signature[:32], signature[32:64], signature[64]
    network.send(network.coin.functions.transferWithAuthorization(*message.values(), v, r, s))
    assert network.balance(network.provider) == COIN


def test_receipts_cost_what_the_snapshot_says(network: Network) -> None:
    """Addresses and signatures differ in their zero bytes, which are cheaper, hence the tolerance."""
    for account in (network.client, network.provider, network.escrow.address):
        network.deployed.chain.give_coins(account, COIN)
    voucher, signature = signed_voucher(network, 0, COIN)
    receipts = {
        "register_first": register(network),
        "register_update": register(network, nonce=1),
        "deposit_by_signature": deposit_by_signature(network, 10 * COIN),
        "claim": network.send(network.escrow.functions.claim(voucher, signature)),
        "start_exit": start_exit(network, nonce=1),
    }
    network.deployed.chain.pass_time(EXIT_DELAY)
    receipts["exit"] = network.send(network.escrow.functions.exit(network.client, network.provider))
    first_use_of_the_nonce = {"start_exit": 17_100}  # here the deposit had it
    for name, receipt in receipts.items():
        expected = int(SNAPSHOT[name]) - first_use_of_the_nonce.get(name, 0)
        assert receipt["gasUsed"] == pytest.approx(expected, abs=500), name
