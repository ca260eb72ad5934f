from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from kallnet.account import Account
from kallnet.messages import Session
from kallnet.typed import digest, registry_domain
from kallprovider.errors import Unauthorized
from kallprovider.sessions import CHALLENGE_SECONDS, MAX_CHALLENGES, Challenges, credentials
from tests.provider.fakes import ALICE, BOB, DEPLOYMENT, PROVIDER, FakeClock

REGISTRY = registry_domain(DEPLOYMENT)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def challenges(clock: FakeClock) -> Challenges:
    return Challenges(PROVIDER.address, REGISTRY, clock)


def signed(challenge: bytes, signer: Account = ALICE, provider: Account = PROVIDER) -> bytes:
    return signer.sign(digest(REGISTRY, Session(signer.address, provider.address, challenge)))


def test_a_signed_challenge_is_good_once(challenges: Challenges, clock: FakeClock) -> None:
    challenge = challenges.issue(ALICE.address)
    assert challenge.expires == int(clock.unix()) + CHALLENGE_SECONDS
    challenges.answer(ALICE.address, challenge.value, signed(challenge.value))
    with pytest.raises(Unauthorized, match="ask for a new one"):
        challenges.answer(ALICE.address, challenge.value, signed(challenge.value))


def test_it_is_good_for_a_minute(challenges: Challenges, clock: FakeClock) -> None:
    early, late = challenges.issue(ALICE.address), challenges.issue(ALICE.address)
    clock.advance(59.9)
    challenges.answer(ALICE.address, early.value, signed(early.value))
    clock.advance(0.1)
    with pytest.raises(Unauthorized):
        challenges.answer(ALICE.address, late.value, signed(late.value))


def test_a_wrong_answer_uses_it_up(challenges: Challenges) -> None:
    value = challenges.issue(ALICE.address).value
    with pytest.raises(Unauthorized, match="not signed by this account"):
        challenges.answer(ALICE.address, value, signed(value, BOB))
    with pytest.raises(Unauthorized, match="ask for a new one"):
        challenges.answer(ALICE.address, value, signed(value))


def test_it_is_bound_to_client_and_provider(challenges: Challenges) -> None:
    value = challenges.issue(ALICE.address).value
    with pytest.raises(Unauthorized):
        challenges.answer(BOB.address, value, signed(value, BOB))
    value = challenges.issue(ALICE.address).value
    with pytest.raises(Unauthorized):
        challenges.answer(ALICE.address, value, signed(value, provider=BOB))
    value = challenges.issue(ALICE.address).value
    with pytest.raises(Unauthorized):
        challenges.answer(ALICE.address, value, b"\0" * 65)


def test_open_challenges_are_bounded(challenges: Challenges) -> None:
    first = challenges.issue(ALICE.address).value
    for _ in range(MAX_CHALLENGES):
        last = challenges.issue(ALICE.address).value
    with pytest.raises(Unauthorized):
        challenges.answer(ALICE.address, first, signed(first))
    challenges.answer(ALICE.address, last, signed(last))


def test_credentials_are_those_of_kamailio_and_coturn() -> None:
    given = credentials("5ec2e7", ALICE.address, 1_800_000_600)
    assert given.username == f"1800000600:0x{ALICE.address.hex()}"
    tag = hmac.new(b"5ec2e7", given.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(given.password) == tag
    assert given.password not in repr(given)
