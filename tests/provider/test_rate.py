from __future__ import annotations

import pytest

from kallprovider.rate import MAX_KEYS, RateLimit, source_of
from tests.provider.fakes import FakeClock


def test_a_window_slides() -> None:
    clock = FakeClock()
    rate = RateLimit(2, 10.0, clock.monotonic)
    assert rate.allow("a")
    clock.advance(6)
    assert rate.allow("a")
    assert not rate.allow("a")
    assert rate.allow("b")
    assert rate.wait("a") == pytest.approx(4)
    clock.advance(4)
    assert rate.wait("a") == 0
    assert rate.allow("a")
    assert not rate.allow("a")


def test_a_limit_of_zero_allows_nothing() -> None:
    rate = RateLimit(0, 10.0, FakeClock().monotonic)
    assert not rate.allow("a")
    assert rate.wait("a") == 10.0


def test_what_is_remembered_is_bounded() -> None:
    rate = RateLimit(1, 10.0, FakeClock().monotonic)
    for key in range(MAX_KEYS + 1):
        rate.allow(key)
    assert not rate.allow(MAX_KEYS)
    assert rate.allow(0)


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, "unknown"),
    ],
)
def test_a_source_is_what_one_user_owns(remote: str | None, source: str) -> None:
    assert source_of(remote) == source
