from __future__ import annotations

from typing import Any

import pytest

from kallphone.bench.happenings import KEPT, Happenings
from kallphone.bench.held import Reported
from kallphone.bench.words import in_words
from kallphone.phone.causes import Cause

CREDIT = {"deposited": 1_000_000, "signed": 40_000}


@pytest.mark.parametrize(("name", "fields", "words"), [
    ("Resolve", {"number": "2345678901"}, "asks the ledger for 234 567 8901"),
    ("RouteFound", {"route": {"price": 20_000}}, "found a way there for 0.08 kallCoin a minute"),
    ("RouteFound", {"route": {"price": 0}}, "found a way there for nothing"),
    ("FarEndRinging", {}, "hears that it rings there"),
    ("CallerIdentified", {"number": ""}, "reads who calls: an account without a number"),
    ("MediaStarted", {"codec": "opus/48000/2", "srtp": "DTLS-SRTP AES_CM"},
     "has secure sound: opus over DTLS-SRTP"),
    ("VoucherAccepted", {"cumulative": 60_000}, "paid: the provider took the voucher for 0.06"),
    ("LogCall", {"cause": "NO_CREDIT", "seconds": 0, "paid": 0}, "call over: No credit"),
    ("LogCall", {"cause": "HUNG_UP", "seconds": 65, "paid": 100_000},
     "call over after 65 s: Call ended, 0.10 kallCoin paid"),
    ("CallMeasured", {"loss": 0.2, "jitter": 3.4}, "measured 20.0 % loss, 3 ms jitter"),
    ("CreditChanged", {"credit": CREDIT, "balance": 4_000_000},
     "has 0.96 kallCoin on deposit, 4.00 in its purse"),
    ("SipUnregistered", {"words": "", "code": 503}, "lost its registration: 503"),
    ("LineFailed", {"words": "No answer\nfrom your provider"}, "line: No answer from your provider"),
])  # fmt: skip
def test_what_happens_in_a_phone_stands_in_words(name: str, fields: dict[str, Any], words: str):
    assert in_words(Reported(1.0, name, fields)) == words


@pytest.mark.parametrize("cause", Cause)
def test_every_end_of_a_call_has_words(cause: Cause):
    ended = Reported(1.0, "LogCall", {"cause": cause.name, "seconds": 0, "paid": 0})
    assert (in_words(ended) or "").startswith("call over: ")


@pytest.mark.parametrize("event", [
    Reported(1.0, "KeyPressed", {"key": "5"}),
    Reported(1.0, "RouteFound", {"way": "other fields than today"}),
    Reported(1.0, "LogCall", {"cause": "TOMORROWS", "seconds": 1, "paid": 1}),
    Reported(1.0, "CreditChanged", {"credit": None, "balance": 1}),
])  # fmt: skip
def test_what_is_no_news_or_not_understood_is_left_out(event: Reported):
    assert in_words(event) is None


def test_watchers_are_told_until_they_end_it():
    happenings, told = Happenings(), []
    end = happenings.watch(lambda: told.append(1))
    happenings.tell("A", "is called")
    end()
    happenings.tell("B", "calls")
    assert told == [1]
    assert [(one.number, one.source, one.words) for one in happenings.after(1)] == [(2, "B", "calls")]


def test_only_the_latest_are_kept():
    happenings = Happenings()
    for number in range(KEPT + 10):
        happenings.tell("A", str(number))
    kept = list(happenings.after(0))
    assert len(kept) == KEPT
    assert kept[-1].number == KEPT + 10
