"""What a file says that the owner's menu can change as well: only a line that is new counts against it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kallphone.phone.book import Contact
from kallphone.provision.answers import Answers
from kallphone.provision.record import Record

_OF_PHONE = ("country", "language", "voicemail", "echo_test")
_OWNERS = ("account", "auto_answer")
"""Of a contact: never said in a file."""


@dataclass(frozen=True)
class Said:
    """`settings` by their names, of one within another as "limits.per_day"."""

    phone: Mapping[str, str]
    settings: Mapping[str, Any]
    contacts: tuple[Contact, ...]

    def newer_than(self, record: Record) -> Said:
        """Without what files said before in the same way."""
        return Said(
            _changed(self.phone, record.phone),
            _changed(self.settings, record.settings),
            tuple(one for one in self.contacts if record.contacts.get(one.number) != _plain(one)),
        )

    def kept_in(self, record: Record) -> Record:
        return dataclasses.replace(
            record,
            phone={**record.phone, **self.phone},
            settings={**record.settings, **self.settings},
            contacts={**record.contacts, **{one.number: _plain(one) for one in self.contacts}},
        )

    @property
    def chosen(self) -> dict[str, Any]:
        """The settings as tables within tables, as they stand in a file."""
        whole: dict[str, Any] = {}
        for name, value in self.settings.items():
            *tables, last = name.split(".")
            table = whole
            for one in tables:
                table = table.setdefault(one, {})
            table[last] = value
        return whole


def said_in(answers: Answers) -> Said:
    phone = answers.config.get("phone", {})
    return Said(
        {key: phone[key].replace(" ", "") for key in _OF_PHONE if key in phone},
        dict(_flat(answers.settings, "")),
        answers.contacts,
    )


def _changed(said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in before or before[name] != value}


def _flat(table: Mapping[str, Any], within: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield within + name, value


def _plain(contact: Contact) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(contact).items() if name not in _OWNERS}
