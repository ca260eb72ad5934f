"""Figures of a run, for the note beside it: build/image-test.json, one object, a line added by each test."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

REPORT = Path(os.environ.get("KALLPHONE_IMAGE_REPORT", "build/image-test.json"))


def tell(**figures: Any) -> None:
    """Replaces figures of the same name; times are seconds of an emulated board, so only ratios mean much."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    REPORT.write_text(json.dumps(known | figures, indent=2, sort_keys=True) + "\n")
