"""The demo's stories, whole: chain, Kamailio, coturn, provider and two phones, each in its own process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kallphone.demo.stories import STORIES

pytestmark = [pytest.mark.provider, pytest.mark.sip, pytest.mark.chain]


@pytest.mark.parametrize("name", STORIES)
def test_a_story_keeps_its_promises(name: str, tmp_path: Path) -> None:
    report = asyncio.run(STORIES[name](tmp_path, print))
    assert report.failures == []
