from __future__ import annotations

import logging
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from kallphone.phone.settings import Forwarding, Limits, Screening, Settings, Volumes
from kallphone.storage.database import Database
from kallphone.storage.preferences import Preferences
from kallphone.storage.settings import Settings as Values

CHANGED = Settings(
    language="es",
    country="us",
    large_text=True,
    screening=Screening.FAVOURITES,
    call_waiting=False,
    forwarding=Forwarding(always="6677335183", after_s=10),
    hotline="6677335183",
    ask_above=7,
    limits=Limits(per_call=1, per_day=2, contacts_only=True),
    volumes=Volumes(handset=10, boost=True),
    has_pin=True,
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "phone.sqlite")


def test_what_is_saved_is_loaded(database: Database):
    Preferences(database).save(CHANGED)
    assert Preferences(database).load() == CHANGED


def test_a_new_phone_has_the_defaults_of_its_file(database: Database):
    assert Preferences(database).load() == Settings()
    assert Preferences(database, Settings(country="gb")).load().country == "gb"


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({"language": 7, "large_text": True}, Settings(large_text=True)),
        ({"large_text": 1}, Settings()),
        ({"ring": True}, Settings()),
        ({"ask_above": -1}, Settings()),
        ({"screening": "FRIENDS"}, Settings()),
        ({"screening": ["EVERYBODY"]}, Settings()),
        ({"volumes": {"handset": 11, "ringer": 3}}, Settings(volumes=Volumes(ringer=3))),
        ({"volumes": 4}, Settings()),
        ({"limits": {"per_day": 5, "per_week": 9}}, Settings(limits=Limits(per_day=5))),
        ({"forwarding": {"always": "sip:evil@example.org"}}, Settings()),
        ({"of_another_version": {"a": 1}}, Settings()),
    ],
)
def test_a_value_that_can_not_be_counts_as_its_default_and_is_logged(
    database: Database, kept: dict[str, object], expected: Settings, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    Values(database).write("phone", kept)
    assert Preferences(database).load() == expected
    assert "setting" in caplog.text


def other(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return "777"
        case Enum():
            return next(one for one in type(value) if one is not value)
        case _:
            return replace(value, **{f.name: other(getattr(value, f.name)) for f in fields(value)})


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_field_of_the_settings_comes_back(database: Database, name: str):
    """A field of a kind that is not read would fall back in silence."""
    changed = other(getattr(Settings(), name))
    settings = replace(Settings(), **{name: changed})
    Preferences(database).save(settings)
    assert getattr(Preferences(database).load(), name) == changed != getattr(Settings(), name)
