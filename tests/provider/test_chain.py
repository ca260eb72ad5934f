from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from kallnet import calldata
from kallnet.abi import encode_call
from kallnet.account import Account, Address, address_from_hex, address_to_hex
from kallnet.deployment import Deployment
from kallnet.errors import NotListed
from kallnet.messages import Voucher
from kallnet.rpc import JsonRpc
from kallnet.transfers import transfer_of
from kallnet.typed import coin_domain, digest, escrow_domain
from kallprovider.chain import ChainWorker, merged
from kallprovider.chain_rpc import ChainRpc
from kallprovider.errors import ChainAway, NotAccepted, TransactionFailed
from tests.chain import LocalChain
from tests.provider.fakes import funded

SOMEONE = Address(b"\x77" * 20)


def test_a_deposit_counts_when_buried_and_a_loss_at_once() -> None:
    assert merged(funded(100), funded(300, claimed=5)) == funded(100, claimed=5)
    assert merged(funded(300), funded(100)) == funded(100)
    assert merged(funded(300), funded(300, exit_at=9)) == funded(300, exit_at=9)
    assert merged(funded(300), funded(50, epoch=1)) == funded(0, epoch=1)


class Node:
    def __init__(self, chain: LocalChain, deployment: Deployment) -> None:
        self.chain = chain
        self.deployment = deployment
        self.account = Account.generate()
        chain.give_gas(address_to_hex(self.account.address))
        chain.give_coins(address_to_hex(self.account.address), 10_000)

    def run(
        self,
        scenario: Callable[[ChainWorker], Awaitable[None]],
        urls: tuple[str, ...] = (),
        receipt_wait: float = 30.0,
    ) -> None:
        async def within() -> None:
            rpc = JsonRpc(urls or (self.chain.url,), timeout=5.0)
            worker = ChainWorker(ChainRpc(rpc, self.deployment, self.account), receipt_wait)
            try:
                await scenario(worker)
            finally:
                worker.close()

        asyncio.run(within())

    def balance(self, account: Address) -> int:
        data = "0x70a08231" + account.hex().rjust(64, "0")
        call = {"to": address_to_hex(self.deployment.coin), "data": data}
        return int(self.chain.rpc("eth_call", call, "latest"), 16)


@pytest.fixture
def node(chain: LocalChain, deployment: Deployment) -> Iterator[Node]:
    yield Node(chain, deployment)
    chain.rpc("evm_setAutomine", True)


@pytest.mark.chain
def test_transactions_at_once_get_nonces_of_their_own(node: Node) -> None:
    async def scenario(worker: ChainWorker) -> None:
        sends = [worker.transact(node.deployment.coin, calldata.transfer(SOMEONE, 1)) for _ in range(5)]
        receipts = await asyncio.gather(*sends)
        assert len({receipt.transaction for receipt in receipts}) == 5

    before = node.balance(SOMEONE)
    node.run(scenario)
    assert node.balance(SOMEONE) == before + 5


@pytest.mark.chain
def test_what_would_revert_is_not_sent_and_says_why(node: Node) -> None:
    async def scenario(worker: ChainWorker) -> None:
        with pytest.raises(NotAccepted, match="owns 10000 and 99999 is needed"):
            await worker.transact(node.deployment.coin, calldata.transfer(SOMEONE, 99_999))

    node.run(scenario)
    sent = node.chain.rpc("eth_getTransactionCount", address_to_hex(node.account.address), "latest")
    assert int(sent, 16) == 0


@pytest.mark.chain
def test_a_transaction_that_nobody_mines_is_offered_more_but_paid_once(node: Node) -> None:
    async def scenario(worker: ChainWorker) -> None:
        node.chain.rpc("evm_setAutomine", False)
        sending = asyncio.create_task(worker.transact(node.deployment.coin, calldata.transfer(SOMEONE, 7)))
        fees: set[int] = set()
        async with asyncio.timeout(60):
            while len(fees) < 2:
                await asyncio.sleep(0.02)
                fees |= await asyncio.to_thread(pending_fees, node)
        await asyncio.to_thread(node.chain.mine)
        await sending

    before = node.balance(SOMEONE)
    node.run(scenario, receipt_wait=0.5)
    assert node.balance(SOMEONE) == before + 7


def pending_fees(node: Node) -> set[int]:
    pool = node.chain.rpc("txpool_content")["pending"]
    mine = {k.lower(): v for k, v in pool.items()}.get("0x" + node.account.address.hex(), {})
    return {int(transaction["maxFeePerGas"], 16) for transaction in mine.values()}


@pytest.mark.chain
def test_an_account_without_gas_is_told_apart_from_a_refusal(node: Node) -> None:
    node.chain.give_gas(address_to_hex(node.account.address), 0)

    async def scenario(worker: ChainWorker) -> None:
        with pytest.raises(TransactionFailed, match="nsufficient funds"):
            await worker.transact(node.deployment.coin, calldata.transfer(SOMEONE, 1))

    node.run(scenario)


@pytest.mark.chain
def test_a_dead_endpoint_is_passed_over(node: Node) -> None:
    async def scenario(worker: ChainWorker) -> None:
        assert (await worker.head()).number > 0
        assert worker.is_up

    node.run(scenario, urls=("http://127.0.0.1:1", node.chain.url))


@pytest.mark.chain
def test_nothing_to_tell_is_an_answer_as_well(node: Node) -> None:
    async def scenario(worker: ChainWorker) -> None:
        with pytest.raises(NotListed, match="has no client entry"):
            await worker.query("uuid", SOMEONE)
        assert worker.is_up

    node.run(scenario)


@pytest.mark.chain
def test_a_chain_that_is_away_is_said_to_be_away(node: Node) -> None:
    async def scenario(worker: ChainWorker) -> None:
        with pytest.raises(ChainAway, match="can't be reached"):
            await worker.head()
        assert not worker.is_up

    node.run(scenario, urls=("http://127.0.0.1:1",))


@pytest.mark.chain
def test_another_chain_is_no_chain(node: Node) -> None:
    node.deployment = replace(node.deployment, chain_id=1)

    async def scenario(worker: ChainWorker) -> None:
        with pytest.raises(ChainAway):
            await worker.head()

    node.run(scenario)


@pytest.mark.chain
def test_events_name_the_clients_and_old_blocks_the_old_channel(node: Node) -> None:
    client = address_from_hex(node.chain.accounts[1].address)
    deployer = node.chain.accounts[0].address
    coin, escrow = address_to_hex(node.deployment.coin), address_to_hex(node.deployment.escrow)
    node.chain.transact(coin, calldata.approve(node.deployment.escrow, 500), deployer)

    async def scenario(worker: ChainWorker) -> None:
        before = (await worker.head()).number
        data = calldata.deposit(client, node.account.address, 500)
        await asyncio.to_thread(node.chain.transact, escrow, data, deployer)
        head = await worker.head()
        assert await worker.touched(before + 1, head.number) == {client}
        assert await worker.touched(0, before) == set()
        assert await worker.channel(client, before) == funded(0)
        assert await worker.channel(client, 0) == funded(0)
        assert await worker.channel(client) == funded(500)
        assert await worker.block_hash(head.number) == head.hash
        assert await worker.block_hash(head.number + 9) is None

    node.run(scenario)


@pytest.mark.chain
def test_a_batch_of_claims_pays_each(node: Node) -> None:
    clients = [Account.generate() for _ in range(3)]
    deployer = node.chain.accounts[0].address
    coin, escrow = address_to_hex(node.deployment.coin), address_to_hex(node.deployment.escrow)
    node.chain.transact(coin, calldata.approve(node.deployment.escrow, 1_500), deployer)
    domain = escrow_domain(node.deployment)
    vouchers, signatures = [], []
    for n, client in enumerate(clients):
        data = calldata.deposit(client.address, node.account.address, 500)
        node.chain.transact(escrow, data, deployer)
        vouchers.append(Voucher(client.address, node.account.address, 0, 100 + n))
        signatures.append(client.sign(digest(domain, vouchers[-1])))

    async def scenario(worker: ChainWorker) -> None:
        await worker.transact(node.deployment.escrow, calldata.claim_batch(vouchers, signatures))
        claimed = [(await worker.channel(client.address)).claimed for client in clients]
        assert claimed == [100, 101, 102]

    node.run(scenario)
    assert node.balance(node.account.address) == 10_303


@pytest.mark.chain
@pytest.mark.parametrize("spent_on", ["it", "another", "nothing", "a smaller one"])
def test_a_transfer_is_made_by_its_own_payment_only(node: Node, spent_on: str) -> None:
    """A nonce can be used for another transfer or be cancelled, and then it has paid nothing here."""
    client = Account.generate()
    node.chain.give_coins(address_to_hex(client.address), 10)
    coin, until = coin_domain(node.deployment), 2**40
    wanted = transfer_of(client.address, node.account.address, 0, 10, until)
    made = {
        "it": wanted,
        "another": replace(wanted, to=SOMEONE),
        "a smaller one": replace(wanted, value=1),
        "nothing": CancelAuthorization(client.address, wanted.nonce),
    }[spent_on]
    signature = client.sign(digest(coin, made))

    async def scenario(worker: ChainWorker) -> None:
        assert await worker.payment_block(wanted) is None
        call = (
            cancel(made, signature)
            if isinstance(made, CancelAuthorization)
            else calldata.transfer_with_authorization(made, signature)
        )
        receipt = await worker.transact(node.deployment.coin, call)
        expected = receipt.block if spent_on == "it" else None
        assert await worker.payment_block(wanted) == expected

    node.run(scenario)


@dataclass(frozen=True)
class CancelAuthorization:
    TYPE: ClassVar[str] = "CancelAuthorization(address authorizer,bytes32 nonce)"
    authorizer: Address
    nonce: bytes


def cancel(message: CancelAuthorization, signature: bytes) -> bytes:
    function = "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)"
    r, s, v = signature[:32], signature[32:64], signature[64]
    return encode_call(function, message.authorizer, message.nonce, v, r, s)
