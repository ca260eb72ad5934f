from __future__ import annotations

import shutil
from pathlib import Path

from kallphone.demo.speech import make_sentence

# Of the Harvard sentences (IEEE 297-1969), made for measuring telephones.
SENTENCES = (
    "Hello! The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well. These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls. The juice of lemons makes fine punch.",
    "Four hours of steady work faced us. A large size in stockings is hard to sell.",
)
VOICES = ("en-gb", "en-us+f3", "en-gb+f2", "en-us+m3")


async def record_sentences(folder: Path, phone: int) -> list[Path]:
    """What a person at the phone of that index may say, one WAV a sentence; none without espeak-ng."""
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("espeak-ng") is None:
        return []
    paths = [(folder / f"says-{index}.wav").resolve() for index in range(len(SENTENCES))]
    voice = VOICES[phone % len(VOICES)]
    for words, path in zip(SENTENCES, paths, strict=True):
        await make_sentence(path, voice, words)
    return paths
