"""Ratings on a real chain: our own messages and calldata, read back from the slots that clients prove."""

import json
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kallnet import calldata
from kallnet.abi import encode_call, selector
from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.ledger import open_ledger
from kallnet.messages import Rating, Voucher
from kallnet.opinions import ProvedOpinions, read_opinions
from kallnet.quality import CallQuality, QualitySum
from kallnet.reputation import EPOCH_LENGTH, PRIOR, LatestRating, reputation
from kallnet.typed import digest, escrow_domain, rating_domain
from tests.chain import ChainError, LocalChain
from tests.contracts.conftest import Deployed

pytestmark = pytest.mark.chain

COIN = 10**6
CALL = CallQuality(loss=0.004, jitter=6, delay=45, seconds=1830)


@dataclass
class World:
    """Clients deposit with one provider, pay and rate; a stranger relays."""

    chain: LocalChain
    deployment: Deployment
    provider: Account

    @property
    def epoch(self) -> int:
        return self.chain.time() // EPOCH_LENGTH

    def fund(self, client: Account, coins: int, deposit: int) -> None:
        self.relay(self.deployment.coin, calldata.transfer(client.address, coins))
        self.relay(self.deployment.coin, calldata.approve(self.deployment.escrow, deposit))
        data = calldata.deposit(client.address, self.provider.address, deposit)
        self.relay(self.deployment.escrow, data)

    def pay(self, client: Account, cumulative: int) -> None:
        voucher = Voucher(client.address, self.provider.address, 0, cumulative)
        signature = client.sign(digest(escrow_domain(self.deployment), voucher))
        self.relay(self.deployment.escrow, calldata.claim(voucher, signature))

    def measured(self, client: Account, call: CallQuality = CALL) -> Rating:
        deadline = self.chain.time() + 600
        return QualitySum().plus(call).rating(client.address, self.provider.address, self.epoch, deadline)

    def rating(self, client: Account, message: Rating) -> bytes:
        return calldata.rate(message, client.sign(digest(rating_domain(self.deployment), message)))

    def rate(self, client: Account) -> Rating:
        message = self.measured(client)
        self.relay(self.deployment.rating, self.rating(client, message))
        return message

    def opinions(self) -> ProvedOpinions:
        with closing(open_ledger([self.chain.url], self.deployment, finality="latest")) as ledger:
            return read_opinions(ledger, self.provider.address)

    def relay(self, contract: Address, data: bytes) -> None:
        self.chain.transact(address_to_hex(contract), data)

    def refusal(self, client: Account, message: Rating) -> str:
        call = {
            "to": address_to_hex(self.deployment.rating),
            "data": "0x" + self.rating(client, message).hex(),
        }
        with pytest.raises(ChainError) as refused:
            self.chain.rpc("eth_call", call, "latest")
        return str(refused.value)


@pytest.fixture
def world(deployed: Deployed, tmp_path: Path) -> World:
    (tmp_path / "deployment.json").write_text(json.dumps(deployed.deployment))
    deployment = load_deployment(tmp_path / "deployment.json")
    return World(deployed.chain, deployment, Account(b"\x0b" * 32))


@pytest.fixture
def client(world: World) -> Account:
    client = Account(b"\x0a" * 32)
    world.fund(client, coins=15 * COIN, deposit=6 * COIN)
    return client


def test_a_rating_is_read_back_from_its_slot(world: World, client: Account) -> None:
    world.pay(client, COIN)
    message = world.rate(client)
    opinions = world.opinions()
    assert opinions.raters() == [client.address]
    assert opinions.latest(client.address) == LatestRating(
        message.epoch, 40, 6, 45, message.mos, 1830, channel_epoch=0, claimed=COIN
    )
    assert message.mos == round(100 * CALL.mos)
    assert opinions.weight(client.address) == (15 + 5) * COIN


def test_the_contract_names_what_it_refuses(world: World, client: Account) -> None:
    message = world.measured(client)
    unpaid = selector("NothingClaimed(address,address)").hex()
    assert unpaid in world.refusal(client, message)
    world.pay(client, COIN)
    off = encode_call("WrongEpoch(uint256,uint256)", world.epoch, world.epoch + 1).hex()
    assert off in world.refusal(client, replace(message, epoch=message.epoch + 1))
    world.rate(client)
    assert selector("AlreadyRated(address,address,uint256)").hex() in world.refusal(client, message)
    world.chain.pass_time(EPOCH_LENGTH)
    same = encode_call("NothingClaimedSince(uint256)", COIN).hex()
    assert same in world.refusal(client, world.measured(client))


def test_reputation_follows_from_the_chain(world: World, client: Account) -> None:
    other = Account(b"\x0c" * 32)
    world.fund(other, coins=5 * COIN, deposit=6 * COIN)
    for rater in (client, other):
        world.pay(rater, COIN)
        world.rate(rater)
    opinions = world.opinions()
    seen = reputation(opinions, world.epoch)
    assert opinions.raters() == [client.address, other.address]
    assert opinions.proved_at.number == int(world.chain.rpc("eth_blockNumber"), 16)
    # 20 and 10 coins are two full opinions and one, of a supply of 1e9 coins.
    assert seen.opinions == pytest.approx(9 / 5)
    assert seen.mos == pytest.approx((4 * PRIOR.mos + 3 * round(100 * CALL.mos) / 100) / 7)

    world.pay(client, 5 * COIN)
    assert reputation(opinions, world.epoch) == seen
    later = reputation(world.opinions(), world.epoch)
    assert later.opinions == pytest.approx((1.6 + 1) ** 2 / (1.6**2 + 1))


def test_who_was_never_rated_has_no_opinions(world: World) -> None:
    opinions = world.opinions()
    assert opinions.raters() == []
    assert reputation(opinions, world.epoch).words == "not rated yet"
