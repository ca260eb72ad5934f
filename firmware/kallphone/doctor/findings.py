from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from kallphone.phone.menu.text import Text, text
from kallphone.phone.words import ENGLISH, N_, Words


class Verdict(IntEnum):
    """The higher, the worse."""

    GOOD = 0
    SKIPPED = 1
    WARNING = 2
    BAD = 3


MARKS = {
    Verdict.GOOD: N_("good"),
    Verdict.SKIPPED: N_("skipped"),
    Verdict.WARNING: N_("look"),
    Verdict.BAD: N_("BAD"),
}


@dataclass(frozen=True)
class Finding:
    """What one check found: `said` tells the person what is so, and what to do where it is not good.

    `figures` are what was measured, for the report; their names carry their units.
    """

    check: str
    verdict: Verdict
    said: Text
    figures: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As the report has it, in English."""
        words = self.said.put(ENGLISH)
        return {"check": self.check, "verdict": self.verdict.name.lower(), "words": words, **self.figures}


def good(check: str, words: str, **values: Any) -> Finding:
    return _finding(check, Verdict.GOOD, words, values)


def warning(check: str, words: str, **values: Any) -> Finding:
    return _finding(check, Verdict.WARNING, words, values)


def bad(check: str, words: str, **values: Any) -> Finding:
    return _finding(check, Verdict.BAD, words, values)


def skipped(check: str, words: str, **values: Any) -> Finding:
    return _finding(check, Verdict.SKIPPED, words, values)


def worst(findings: Iterable[Finding]) -> Verdict:
    return max((finding.verdict for finding in findings), default=Verdict.SKIPPED)


def by_urgency(findings: Iterable[Finding]) -> list[Finding]:
    """What is to be mended first, each kind in the order in which it was looked at."""
    order = (Verdict.BAD, Verdict.WARNING, Verdict.GOOD, Verdict.SKIPPED)
    return sorted(findings, key=lambda finding: order.index(finding.verdict))


def lines(findings: Iterable[Finding], titles: dict[str, str], words: Words = ENGLISH) -> list[str]:
    """For a terminal."""
    return [
        f"{words(MARKS[each.verdict]):8} {words(titles[each.check]):12} {each.said.put(words)}{_why(each)}"
        for each in findings
    ]


def _why(finding: Finding) -> str:
    """The error's own words, for those who read terminals."""
    why = str(finding.figures.get("why", ""))
    return f" ({why})" if why and why not in finding.said.put(ENGLISH) else ""


def _finding(check: str, verdict: Verdict, words: str, values: dict[str, Any]) -> Finding:
    """The words' placeholders and the figures are the same values."""
    return Finding(
        check, verdict, text(words, **{name: str(value) for name, value in values.items()}), values
    )
