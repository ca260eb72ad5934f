from __future__ import annotations

import json
from typing import Any

from kallphone.storage.database import Database


class Settings:
    """Small values by name, each one JSON object."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, name: str) -> dict[str, Any] | None:
        rows = self._database.rows("SELECT value FROM settings WHERE name = ?", name)
        if not rows:
            return None
        value = json.loads(rows[0]["value"])
        return value if isinstance(value, dict) else None

    def write(self, name: str, value: dict[str, Any]) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, json.dumps(value))
            )
