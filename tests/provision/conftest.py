from __future__ import annotations

import json
from pathlib import Path

import pytest

from kallphone.device.layout import Layout
from tests.provision.card import Card

PRESET = """
[phone]
state = "state"
country = "de"
[ledger]
rpc = ["https://rpc.example"]
agree = 0
ratings = true
deployment = "deployment.json"
[provider]
api = "https://home.example:8443"
ca_file = ""
[money]
deposit = 2_000_000
[audio]
device = "default"
speak = ""
record = ""
"""


def deployment(chain_id: int = 100) -> str:
    names = ("KallCoin", "KallRegistry", "KallEscrow", "KallRating", "KallSpec", "KallKrypton")
    contracts = {name: f"0x{place:040x}" for place, name in enumerate(names, start=1)}
    return json.dumps({"network_api_version": 1, "chain_id": chain_id, "block": 7, "contracts": contracts})


def make_layout(root: Path) -> Layout:
    layout = Layout(root / "data", root / "boot", root / "run", root / "share")
    for folder in (layout.state, layout.system, layout.boot, layout.run, layout.share):
        folder.mkdir(parents=True)
    layout.preset.write_text(PRESET)
    (layout.share / "deployment.json").write_text(deployment())
    return layout


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(make_layout(tmp_path))
