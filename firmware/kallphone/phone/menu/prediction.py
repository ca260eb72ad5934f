"""Words that somebody has used before, offered while they are typed again."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from kallphone.phone.book import Contact
from kallphone.phone.messages import Message
from kallphone.phone.states import Phone

SHORTEST_START = 2
SHORTEST_WORD = 4
_EDGES = ".,;:?!¿¡()\"'"


def completion(phone: Phone, typed: str) -> str:
    """The rest of the word that is being typed, empty where none is known."""
    start = typed.rpartition(" ")[2]
    if len(start) < SHORTEST_START:
        return ""
    wanted = start.casefold()
    known = _known(phone.messages, phone.book.contacts)
    word = next((one for one in known if one.casefold().startswith(wanted) and len(one) > len(start)), "")
    return word[len(start) :]


@lru_cache(maxsize=1)
def _known(messages: tuple[Message, ...], contacts: tuple[Contact, ...]) -> tuple[str, ...]:
    """The most frequent first, of equals the longer ones."""
    texts = [one.text for one in messages] + [one.name for one in contacts]
    words = Counter(word.strip(_EDGES) for text in texts for word in text.split())
    kept = [word for word in words if len(word) >= SHORTEST_WORD and not any(c.isdigit() for c in word)]
    return tuple(sorted(kept, key=lambda word: (-words[word], -len(word), word)))
