from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kallnet.account import Account, address_to_hex
from kallnet.entries import Cost, ProviderRef, ServiceEntry, verify_agreement
from kallnet.messages import Agreement
from kallnet.typed import registry_domain
from kallphone.ledger.agreements import Agreements
from kallphone.ledger.errors import NoAgreement
from kallphone.payments.errors import ProviderRefused
from tests.kallnet.fakes import NOW
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT
from tests.ledger_cli.conftest import DOMAIN, proxy
from tests.payments.fake_ledger import FakeLedger
from tests.payments.fake_provider import FakeProvider, Fault

LATER = NOW + 100
ADVICE = f"ask the provider for its agreement: kallphone ledger agree {address_to_hex(ALICE.address)}"


@pytest.fixture
def agreements(tmp_path: Path) -> Agreements:
    return Agreements(tmp_path / "agreements", DEPLOYMENT, None)


def find(agreements: Agreements, service: ServiceEntry | None = None) -> ProviderRef:
    return agreements.find(ALICE, BOB.address, service or proxy(), NOW)


def write(agreements: Agreements, signer: Account = BOB, **changes: Any) -> Path:
    """Into the file that is looked for, whatever is in it."""
    fields = {"provider": BOB.address, "client": ALICE.address, "service_type": "proxy", "expiry": LATER}
    written = agreements.write(signer, Agreement(**(fields | changes)))
    return written.rename(agreements.path(BOB.address, ALICE.address))


def test_the_folder_comes_first(agreements: Agreements) -> None:
    write(agreements)
    ref = find(agreements, proxy(api="http://127.0.0.1:1"))
    verify_agreement(ref, ALICE.address, DOMAIN, NOW)
    assert (ref.provider, ref.expiry) == (BOB.address, LATER)


@pytest.mark.parametrize(
    ("signer", "changes", "words"),
    [
        (CAROL, {}, "is not signed by"),
        (BOB, {"expiry": NOW}, "has expired"),
        (BOB, {"client": CAROL.address}, "is not signed by"),
        (CAROL, {"provider": CAROL.address}, f"it is of {address_to_hex(CAROL.address)}"),
        (BOB, {"service_type": "gateway"}, "it is for a gateway"),
    ],
)
def test_what_does_not_hold_is_no_agreement(
    agreements: Agreements, signer: Account, changes: dict[str, Any], words: str
) -> None:
    path = write(agreements, signer, **changes)
    if "client" in changes:
        carol, alice = address_to_hex(CAROL.address), address_to_hex(ALICE.address)
        path.write_text(path.read_text().replace(carol, alice))
    with pytest.raises(NoAgreement, match=words) as caught:
        find(agreements)
    assert str(caught.value).endswith(ADVICE)
    assert str(path) in str(caught.value)


GOOD = {
    "provider": address_to_hex(BOB.address),
    "client": address_to_hex(ALICE.address),
    "service_type": "proxy",
    "expiry": LATER,
    "agreement": "0x" + "11" * 65,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"agreement"',
        "é",
        json.dumps(GOOD | {"agreement": "0x12"}),
        json.dumps(GOOD | {"agreement": "0xzz"}),
        json.dumps(GOOD | {"agreement": 5}),
        json.dumps(GOOD | {"expiry": "soon"}),
        json.dumps(GOOD | {"expiry": 2**41}),
        json.dumps(GOOD | {"colour": "red"}),
        json.dumps({name: value for name, value in GOOD.items() if name != "agreement"}),
        json.dumps({name: value for name, value in GOOD.items() if name != "provider"}),
    ],
)
def test_a_damaged_file_says_which_it_is(agreements: Agreements, text: str) -> None:
    path = write(agreements)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoAgreement, match="is no agreement") as caught:
        find(agreements)
    assert str(path) in str(caught.value)


def test_neither_file_nor_api_says_whom_to_ask(agreements: Agreements) -> None:
    with pytest.raises(NoAgreement) as caught:
        find(agreements)
    assert str(caught.value).endswith(ADVICE)


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoAgreement, match="can't be written"):
        write(Agreements(tmp_path / "file" / "agreements", DEPLOYMENT, None))


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    provider = FakeProvider(FakeLedger())
    yield provider
    provider.stop()


def ask(provider: FakeProvider, folder: Path) -> ProviderRef:
    deployment = provider.ledger.deployment
    service = ServiceEntry(
        provider.account.public_key, (1,), "proxy", (Cost(5, 1, 100),), details={"api": provider.url}
    )
    now = provider.ledger.now
    return Agreements(folder, deployment, None).find(ALICE, provider.account.address, service, now)


def test_without_a_file_the_providers_api_is_asked(provider: FakeProvider, tmp_path: Path) -> None:
    ref = ask(provider, tmp_path)
    domain = registry_domain(provider.ledger.deployment)
    assert ref.provider == provider.account.address
    verify_agreement(ref, ALICE.address, domain, provider.ledger.now)


def test_the_providers_refusal_is_passed_on(provider: FakeProvider, tmp_path: Path) -> None:
    provider.fail("agreement", Fault("status", 403, b'{"error": "not you"}'))
    with pytest.raises(ProviderRefused, match="not you"):
        ask(provider, tmp_path)
