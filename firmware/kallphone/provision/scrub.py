"""Takes secrets out of the installer's file, and leaves all else of it as it was."""

from __future__ import annotations

import copy
import re
import tomllib
from typing import Any

from kallphone.provision.toml_text import written

SECRETS = (("wifi", "password"), ("owner", "pin"), ("key", "words"))

_STRING = r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\r\n]|\\.)*"|\'[^\'\r\n]*\''
_VALUE = re.compile(rf"{_STRING}|\[(?:[\s,]|#[^\r\n]*|{_STRING})*\]|[^\s#]+", re.DOTALL)
_HEADER = re.compile(r"^[ \t]*\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\][ \t]*(?:#[^\r\n]*)?\r?$", re.MULTILINE)
_KEY = re.compile(r"^[ \t]*(?:([A-Za-z0-9_-]+)[ \t]*\.[ \t]*)?([A-Za-z0-9_-]+)[ \t]*=[ \t]*", re.MULTILINE)
_NOTE = "# applied on "
_OLD_NOTE = re.compile(rf"[ \t]*{_NOTE}[^\r\n]*\r?\n\Z")


def secrets_in(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Those that hold anything."""
    return [
        (section, key)
        for section, key in SECRETS
        if isinstance(document.get(section), dict) and document[section].get(key)
    ]


def scrubbed(text: str, day: str) -> str:
    """`text` is TOML that can be read. Each secret becomes "", under a comment that says when."""
    wanted = _without_secrets(tomllib.loads(text))
    done = text
    for section, key in secrets_in(tomllib.loads(text)):
        done = _blanked(done, section, key, day)
    if _reads_as(done, wanted):
        return done
    # Written in a way that is not found line by line (inline tables, quoted names): secrets matter more.
    return f"{_NOTE}{day}: the secrets were taken out, and the comments with them\n" + written(wanted)


def _without_secrets(document: dict[str, Any]) -> dict[str, Any]:
    wanted = copy.deepcopy(document)
    for section, key in secrets_in(document):
        wanted[section][key] = ""
    return wanted


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _blanked(text: str, section: str, key: str, day: str) -> str:
    for match in _KEY.finditer(text):
        if (match[1] or _section_at(text, match.start()), match[2]) != (section, key):
            continue
        value = _VALUE.match(text, match.end())
        if value is None or not value[0].strip("\"'"):
            continue
        before = _OLD_NOTE.sub("", text[: match.start()])
        end = "\r\n" if "\r\n" in text else "\n"
        note = f"{_NOTE}{day}: {key} was taken out{end}"
        return before + note + match[0] + '""' + text[value.end() :]
    return text


def _section_at(text: str, place: int) -> str:
    name = ""
    for match in _HEADER.finditer(text, 0, place):
        name = match[1]
    return name
