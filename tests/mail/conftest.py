from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mail.town import Phone, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


@pytest.fixture
def start(town: Town) -> Iterator[Callable[[str], Phone]]:
    """Starts a phone of that name; all are stopped in the end."""
    started: list[Phone] = []

    def start(name: str) -> Phone:
        phone = town.phone(name)
        started.append(phone)
        phone.start()
        return phone

    yield start
    for phone in started:
        phone.stop()


@pytest.fixture
def alice(start: Callable[[str], Phone]) -> Phone:
    return start("alice")


@pytest.fixture
def bob(start: Callable[[str], Phone]) -> Phone:
    return start("bob")
