"""KRYPTON's own spelling: invoke SCRIPTHASH function ["parameter","parameter"]."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kallphone.ledger.errors import UsageError


def parameters(words: Sequence[str]) -> list[str]:
    """The list as JSON, or as a shell leaves it that has taken the quotes away: [0x12,proxy.example.org]."""
    text = " ".join(words).strip() or "[]"
    try:
        values = json.loads(text)
    except ValueError:
        values = _unquoted(text)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UsageError(f"{text[:80]} is no list of texts: write '[\"parameter\",\"parameter\"]'")
    return values


def _unquoted(text: str) -> Any:
    if not (text.startswith("[") and text.endswith("]")) or any(c in text for c in "\"'{}"):
        return None
    return [value.strip() for value in text[1:-1].split(",")] if text[1:-1].strip() else []
