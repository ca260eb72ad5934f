from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.quality import CallQuality, QualitySum
from kallphone.storage.database import MIGRATIONS, Database
from kallphone.storage.quality import QualityStore

CLIENT, SERVICE, OTHER = Address(b"c" * 20), Address(b"s" * 20), Address(b"o" * 20)
HERE = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(1, 7)), block=0)
GOOD = CallQuality(loss=0.0, jitter=2.0, delay=20.0, seconds=600.0)
BAD = CallQuality(loss=0.2, jitter=60.0, delay=300.0, seconds=30.0)
EPOCH = 735


def total(*calls: CallQuality) -> QualitySum:
    summed = QualitySum()
    for call in calls:
        summed = summed.plus(call)
    return summed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "phone.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> QualityStore:
    return QualityStore(database, HERE, CLIENT)


def test_calls_are_summed_and_survive_a_restart(path: Path, store: QualityStore):
    store.add(SERVICE, GOOD)
    store.add(SERVICE, BAD)
    again = Database(path)
    signed = QualityStore(again, HERE, CLIENT).sign(SERVICE, EPOCH)
    assert signed is not None
    assert astuple(signed) == pytest.approx(astuple(total(GOOD, BAD)))
    again.close()


def test_nothing_measured_is_nothing_to_sign(store: QualityStore):
    assert store.services() == []
    assert store.sign(SERVICE, EPOCH) is None


def test_a_signed_sum_takes_no_more_calls(store: QualityStore):
    store.add(SERVICE, GOOD)
    store.sign(SERVICE, EPOCH)
    store.add(SERVICE, BAD)
    store.settle(SERVICE, EPOCH)
    assert store.sign(SERVICE, EPOCH + 1) == total(BAD)


@pytest.mark.parametrize("rated", [None, EPOCH - 1, EPOCH + 1])
def test_a_rating_that_never_reached_the_ledger_goes_into_the_next(store: QualityStore, rated: int | None):
    store.add(SERVICE, GOOD)
    store.sign(SERVICE, EPOCH)
    store.add(SERVICE, BAD)
    store.settle(SERVICE, rated)
    signed = store.sign(SERVICE, EPOCH)
    assert signed is not None
    assert signed.seconds == 630.0


def test_what_the_ledger_has_is_forgotten(store: QualityStore):
    store.add(SERVICE, GOOD)
    store.sign(SERVICE, EPOCH)
    assert store.services() == [SERVICE]
    store.settle(SERVICE, EPOCH)
    assert store.services() == []


def test_settling_leaves_what_was_never_signed(store: QualityStore):
    store.add(SERVICE, GOOD)
    store.settle(SERVICE, EPOCH)
    assert store.sign(SERVICE, EPOCH + 1) == total(GOOD)


def test_services_clients_and_networks_are_apart(database: Database, store: QualityStore):
    elsewhere = QualityStore(database, replace(HERE, chain_id=1), CLIENT)
    another = QualityStore(database, HERE, OTHER)
    renewed = QualityStore(database, replace(HERE, rating=OTHER), CLIENT)
    store.add(SERVICE, GOOD)
    store.add(OTHER, BAD)
    assert sorted(store.services()) == [OTHER, SERVICE]
    for stranger in (elsewhere, another, renewed):
        assert stranger.services() == []
        stranger.add(SERVICE, BAD)
        stranger.sign(SERVICE, EPOCH)
        stranger.settle(SERVICE, EPOCH)
    assert store.sign(SERVICE, EPOCH) == total(GOOD)
    store.settle(OTHER, EPOCH)
    assert store.sign(OTHER, EPOCH) == total(BAD)


def test_a_disk_from_before_ratings_gets_their_table(path: Path):
    before = next(n for n, step in enumerate(MIGRATIONS) if "TABLE quality" in step[0])
    Database(path, migrations=MIGRATIONS[:before]).close()
    database = Database(path)
    store = QualityStore(database, HERE, CLIENT)
    store.add(SERVICE, GOOD)
    assert store.services() == [SERVICE]
    database.close()
