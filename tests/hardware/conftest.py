from __future__ import annotations

from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from kallphone.hardware.pins import Pins, load_pins
from kallphone.phone.events import Event


@pytest.fixture
def pins() -> Pins:
    return load_pins()


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


@pytest.fixture
def posted() -> list[Event]:
    return []
