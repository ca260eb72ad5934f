from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

LONGEST_TEXT = 1000
"""Characters of one message."""


class MessageState(Enum):
    """How far a message that was written here has come."""

    WAITING = auto()
    TAKEN = auto()
    DELIVERED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Message:
    """`at` is Unix seconds; `number` is the other side's, empty where it has none.

    `words` say why it failed.
    """

    id: int
    incoming: bool
    number: str
    text: str
    at: int
    read: bool = False
    state: MessageState = MessageState.WAITING
    words: str = ""


@dataclass(frozen=True)
class Recording:
    """What a caller left with the voicemail; `at` is Unix seconds, `file` plays it."""

    id: int
    number: str
    at: int
    seconds: int
    read: bool = False
    file: str = ""


def clean_text(text: str) -> str:
    """As it is sent and shown: no control characters, line breaks as spaces, at most LONGEST_TEXT."""
    kept = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return kept.strip()[:LONGEST_TEXT].rstrip()
