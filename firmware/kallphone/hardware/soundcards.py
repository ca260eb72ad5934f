from __future__ import annotations

import re
import threading
from pathlib import Path

from kallphone.phone.events import SoundCardsChanged
from kallphone.ports import Post

CARDS = Path("/proc/asound/cards")

LOOK_S = 1.0

_CARD = re.compile(r"^\s*\d+ \[(\S+)\s*\]:", re.MULTILINE)


class SoundCards:
    """Posts SoundCardsChanged with ALSA's ids of the cards, as in CARD=Device, when one comes or goes.

    Reading the list each second costs less than a tenth of a millisecond and can't miss anything; the
    kernel's messages (udev) come sooner, but get lost when many come, so that the list would be read all the
    same. A change counts when it is seen twice: by then udev has given the rights to a new card.
    """

    def __init__(self, post: Post, cards: Path = CARDS) -> None:
        self._post = post
        self._path = cards
        self._told = self._seen = read_cards(cards)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="soundcards", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        before, self._seen = self._seen, read_cards(self._path)
        if self._seen == before and self._seen != self._told:
            self._told = self._seen
            self._post(SoundCardsChanged(self._told))

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            self.look()


def read_cards(cards: Path = CARDS) -> tuple[str, ...]:
    """ALSA's ids in the order of their numbers; none where there is no sound at all."""
    try:
        return tuple(_CARD.findall(cards.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return ()
