"""The provider's doors, the ledger's endpoints, the line, the clock."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kallnet.account import Address
from kallnet.errors import EntryInvalid, LedgerDisputed, LedgerUnreachable
from kallphone.doctor import chain, provider
from kallphone.doctor.chain import Tip
from kallphone.doctor.findings import Verdict
from kallphone.doctor.provider import Shaken
from kallphone.doctor.system import SYNCHRONIZED
from kallphone.payments.errors import ProviderUnreachable, ProviderUntrusted
from tests.doctor.fakes import FakeMachine

NOW = 1_800_000_000.0
ME = Address(bytes(range(20)))
DAY_S = 86_400


def raises(error: Exception) -> Any:
    def call(*_: Any) -> Any:
        raise error

    return call


def test_the_api_answers_or_says_why_not() -> None:
    terms: Any = SimpleNamespace(domain="kall.example")
    assert provider.check_api(lambda: terms).verdict is Verdict.GOOD
    silent = provider.check_api(raises(ProviderUnreachable("refused")))
    assert (silent.verdict, silent.figures["why"]) == (Verdict.BAD, "refused")
    assert "clock" in provider.check_api(raises(ProviderUntrusted("expired"))).plain()["words"]


@pytest.mark.parametrize(
    ("handshake", "verdict", "told"),
    [
        (lambda *_: Shaken(NOW + 60 * DAY_S, 0.05), Verdict.GOOD, "shakes hands"),
        (lambda *_: Shaken(NOW + 3 * DAY_S, 0.05), Verdict.WARNING, "ends in 3 days"),
        (raises(ssl.SSLCertVerificationError("self-signed")), Verdict.BAD, "not trusted"),
        (raises(TimeoutError()), Verdict.BAD, "can't be reached"),
    ],
)
def test_doors_shake_hands(handshake: Any, verdict: Verdict, told: str) -> None:
    finding = provider.check_tls("sip", "sip.example", 5061, handshake, lambda: NOW)
    assert finding.verdict is verdict
    assert told in finding.plain()["words"]
    assert "sip.example:5061" in finding.plain()["words"]


def test_no_door_is_no_fault() -> None:
    assert provider.check_tls("sip", "", 0, raises(OSError()), lambda: NOW).verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("uri", "door"),
    [
        ("sip:sip.example:5071;transport=tls", ("sip.example", 5071)),
        ("sip:a@sip.example;transport=tls", ("sip.example", 5061)),
        ("sip:[2001:db8::1]:5061", ("2001:db8::1", 5061)),
        ("http://x", ("", 0)),
    ],
)
def test_where_a_sip_uri_is(uri: str, door: tuple[str, int]) -> None:
    assert provider.sip_door(uri) == door


@pytest.mark.parametrize(
    ("url", "door"), [("https://api.example/v", ("api.example", 443)), ("https://h:8443", ("h", 8443))]
)
def test_where_the_api_is(url: str, door: tuple[str, int]) -> None:
    assert provider.door_of(url) == door


@pytest.mark.parametrize(
    ("tip", "verdict", "told"),
    [
        (lambda: Tip(90, int(NOW) - 800, int(NOW) - 12, 3, 3), Verdict.GOOD, "3 of 3 endpoints agree"),
        (lambda: Tip(90, int(NOW) - 800, int(NOW) - 12, 2, 3), Verdict.WARNING, "2 of 3"),
        (lambda: Tip(90, int(NOW) - 9000, int(NOW) - 7200, 3, 3), Verdict.WARNING, "7200 s old"),
        (raises(LedgerUnreachable({"https://rpc.example": "can't connect"})), Verdict.BAD, "does not answer"),
        (raises(LedgerDisputed(2, {"a": "x", "b": "y"})), Verdict.BAD, "different things"),
    ],
)  # fmt: skip
def test_the_ledger_lives_and_agrees(tip: Any, verdict: Verdict, told: str) -> None:
    finding, _ = chain.check_chain(tip, lambda: NOW)
    assert finding.verdict is verdict
    assert told in finding.plain()["words"]


def test_who_answers_is_counted() -> None:
    class Endpoint:
        def __init__(self, block: Any) -> None:
            self.block = block

        def ask(self, _method: str, _params: Any, *, chain_id: int) -> Any:
            return self.block

    endpoints: Any = [Endpoint(None), Endpoint({"no": "header"})]
    header: Any = SimpleNamespace(number=7, timestamp=70)
    assert chain.read_tip(lambda: header, endpoints, 1) == Tip(7, 70, 0, 0, 2)


def test_the_ledger_knows_this_phone() -> None:
    served: Any = SimpleNamespace(providers=(1,))
    alone: Any = SimpleNamespace(providers=())
    assert chain.check_registered(lambda _: served, ME).verdict is Verdict.GOOD
    assert "No provider's agreement" in chain.check_registered(lambda _: alone, ME).plain()["words"]
    assert "does not know" in chain.check_registered(lambda _: None, ME).plain()["words"]
    assert chain.check_registered(raises(EntryInvalid("x")), ME).verdict is Verdict.BAD
    assert chain.check_registered(raises(LedgerUnreachable({})), ME).verdict is Verdict.SKIPPED
    assert chain.check_registered(lambda _: served, None).verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (None, Verdict.SKIPPED),
        ({"mode": "doctor"}, Verdict.SKIPPED),
        ({"mode": "phone", "registered": True}, Verdict.GOOD),
        ({"mode": "phone", "registered": False}, Verdict.BAD),
    ],
)
def test_the_line_as_the_phone_tells_it(status: dict[str, Any] | None, verdict: Verdict) -> None:
    assert chain.check_line(status).verdict is verdict


def test_the_clock_is_set_and_not_before_the_newest_block(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    assert chain.check_clock(machine, lambda: NOW, Tip()).verdict is Verdict.SKIPPED
    machine.write("/run/systemd/timesync/x", "")
    assert chain.check_clock(machine, lambda: NOW, Tip()).verdict is Verdict.WARNING
    machine.write(SYNCHRONIZED, "")
    assert chain.check_clock(machine, lambda: NOW, Tip(newest=int(NOW) - 12)).verdict is Verdict.GOOD
    behind = chain.check_clock(machine, lambda: NOW, Tip(newest=int(NOW) + 3600))
    assert behind.verdict is Verdict.BAD
    assert "3600 s behind" in behind.plain()["words"]
