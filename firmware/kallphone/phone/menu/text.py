from __future__ import annotations

from dataclasses import dataclass

from kallphone.phone.words import Words


@dataclass(frozen=True)
class Text:
    """A sentence of the phone with its {placeholders}; `own` marks words of people, never translated."""

    words: str = ""
    values: tuple[tuple[str, str | Text], ...] = ()
    own: bool = False

    def put(self, words: Words) -> str:
        if self.own or not self.words:
            return self.words
        filled = {name: _put(value, words) for name, value in self.values}
        return words(self.words).format(**filled) if filled else words(self.words)


NOTHING = Text()


def text(words: str, **values: str | Text) -> Text:
    return Text(words, tuple(values.items()))


def own(words: str) -> Text:
    """What people typed, names and numbers."""
    return Text(words, own=True)


def cut(line: str, columns: int) -> str:
    return line if len(line) <= columns else line[: max(0, columns - 1)].rstrip() + "…"


def beside(label: str, value: str, columns: int) -> tuple[str, str]:
    """Both cut until they fit into one row with a gap between them; a value keeps up to half of it."""
    if not value:
        return cut(label, columns), ""
    value = cut(value, max(columns // 2, columns - 1 - len(label)))
    return cut(label, columns - 1 - len(value)), value


def _put(value: str | Text, words: Words) -> str:
    return value.put(words) if isinstance(value, Text) else value
