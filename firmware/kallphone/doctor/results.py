from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kallphone.doctor.findings import MARKS, Finding, Verdict, by_urgency, worst
from kallphone.phone.menu import glance
from kallphone.phone.menu.text import beside
from kallphone.phone.screens import COLUMNS, Align, Screen, TextLine, wrapped
from kallphone.phone.words import N_, Words

ROWS = glance.ROWS - 1


@dataclass(frozen=True)
class Results:
    """The findings as a list, the worst first; a digit opens one, 0 turns, * leaves.

    `opened` is the place of the finding that is read; `turned` counts the views of a list or a text.
    """

    findings: Sequence[Finding]
    opened: int | None = None
    turned: int = 0
    over: bool = False

    def pressed(self, key: str) -> Results:
        match key:
            case "*" | "C":
                return Results(self.findings, over=self.opened is None)
            case "0" | "B":
                return Results(self.findings, self.opened, self.turned + 1)
            case "#" | "D" if self.opened is not None:
                return Results(self.findings)
            case _ if self.opened is None and key.isdigit():
                place = self._first + int(key) - 1
                fits = 1 <= int(key) <= ROWS and place < len(self.findings)
                return Results(self.findings, place) if fits else self
            case _:
                return self

    def screen(self, words: Words, titles: dict[str, str]) -> Screen:
        ordered = by_urgency(self.findings)
        if self.opened is None:
            return self._list(ordered, words, titles)
        return self._text(ordered[self.opened], words, titles)

    @property
    def _views(self) -> int:
        return max(1, -(-len(self.findings) // ROWS))

    @property
    def _first(self) -> int:
        return self.turned % self._views * ROWS

    def _list(self, ordered: list[Finding], words: Words, titles: dict[str, str]) -> Screen:
        shown = ordered[self._first : self._first + ROWS]
        rows = [
            _row(f"{place} {words(titles[each.check])}", words(MARKS[each.verdict]))
            for place, each in enumerate(shown, start=1)
        ]
        title = glance.title(_summary(ordered, words), glance.counted(self.turned % self._views, self._views))
        return Screen((title, *rows, _row(words(N_("digit: more")), words(N_("* end")))))

    def _text(self, finding: Finding, words: Words, titles: dict[str, str]) -> Screen:
        rows = wrapped(finding.said.put(words), COLUMNS)
        views = max(1, -(-len(rows) // glance.ROWS))
        first = self.turned % views * glance.ROWS
        title = glance.title(words(titles[finding.check]), glance.counted(self.turned % views, views))
        lines = [TextLine(row, align=Align.LEFT) for row in rows[first : first + glance.MOST_ROWS - 1]]
        return Screen((title, *lines))


def _summary(findings: Sequence[Finding], words: Words) -> str:
    count = sum(1 for each in findings if each.verdict is worst(findings))
    if worst(findings) is Verdict.BAD:
        return words(N_("{count} bad")).format(count=count)
    if worst(findings) is Verdict.WARNING:
        return words(N_("{count} to look at")).format(count=count)
    return words(N_("All is good"))


def _row(left: str, right: str) -> TextLine:
    text, beyond = beside(left, right, COLUMNS)
    return TextLine(text, align=Align.LEFT, right=beyond)
