"""The slots that phones prove are where the compiler puts them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kallnet import slots
from tests.contracts.conftest import CONTRACTS

pytestmark = pytest.mark.chain


def layout(contract: str) -> dict[str, Any]:
    artifact = json.loads((CONTRACTS / "out" / f"{contract}.sol" / f"{contract}.json").read_text())
    found: dict[str, Any] = artifact["storageLayout"]
    return found


@pytest.mark.parametrize(
    ("contract", "label", "slot", "type_"),
    [
        ("KallRegistry", "_records", slots.REGISTRY_RECORDS, r"mapping(uint8 => mapping(address => struct"),
        ("KallRegistry", "_holders", slots.REGISTRY_HOLDERS, "mapping(uint256 => address)"),
        ("KallEscrow", "_nonces", slots.ESCROW_NONCES, "mapping(address => uint256)"),
        ("KallEscrow", "_channels", slots.ESCROW_CHANNELS, "mapping(address => mapping(address => struct"),
        ("KallCoin", "_balances", slots.COIN_BALANCES, "mapping(address => uint256)"),
        ("KallCoin", "_totalSupply", slots.COIN_SUPPLY, "uint256"),
        ("KallRating", "raters", slots.RATING_RATERS, "mapping(address => address[])"),
        ("KallRating", "_latest", slots.RATING_LATEST, "mapping(address => mapping(address => struct"),
        ("KallSpec", "_latestVersion", slots.SPEC_STATE, "uint64"),
        ("KallSpec", "_specs", slots.SPEC_SPECS, "mapping(uint256 => bytes32)"),
        ("KallSpec", "_votes", slots.SPEC_VOTES, "mapping(uint256 => struct KallSpec.Vote)"),
        ("KallSpec", "_interests", slots.SPEC_INTERESTS, "mapping(uint256 => mapping(address => struct"),
        ("KallCoin", "_nonces", slots.COIN_NONCES, "mapping(address => uint256)"),
    ],
)
def test_each_mapping_is_in_its_slot(contract: str, label: str, slot: int, type_: str) -> None:
    found = layout(contract)
    (entry,) = (entry for entry in found["storage"] if entry["label"] == label)
    assert (int(entry["slot"]), entry["offset"]) == (slot, 0)
    assert found["types"][entry["type"]]["label"].startswith(type_)


@pytest.mark.parametrize(
    ("contract", "struct", "members"),
    [
        ("KallRegistry", "Head", {"number": 40, "expiry": 40, "blockNumber": 64, "nonce": 32}),
        (
            "KallRating",
            "Latest",
            {
                "epoch": 32, "loss": 16, "jitter": 16, "delay": 16, "mos": 16, "duration": 32,
                "channelEpoch": 40, "claimed": 88,
            },
        ),
        ("KallSpec", "Head", {"castPower": 64, "proposals": 8, "version": 64}),
        ("KallEscrow", "Channel", {"deposited": 88, "claimed": 88, "exitAt": 40, "epoch": 40}),
    ],
)
def test_packed_fields_follow_one_another_in_one_slot(
    contract: str, struct: str, members: dict[str, int]
) -> None:
    types = layout(contract)["types"]
    (found,) = (t for t in types.values() if t["label"] == f"struct {contract}.{struct}")
    bits = 0
    for member, (name, width) in zip(found["members"], members.items(), strict=True):
        assert (member["label"], member["slot"], member["offset"]) == (name, "0", bits // 8)
        assert types[member["type"]]["label"] == f"uint{width}"
        bits += width


def test_a_vote_is_its_head_the_powers_and_the_hashes() -> None:
    types = layout("KallSpec")["types"]
    (vote,) = (t for t in types.values() if t["label"] == "struct KallSpec.Vote")
    assert [(m["label"], m["slot"]) for m in vote["members"]] == [
        ("head", "0"), ("powers", "1"), ("hashes", "2"), ("tally", "6")
    ]  # fmt: skip


def test_a_record_is_a_head_and_the_slot_after_it() -> None:
    types = layout("KallRegistry")["types"]
    (record,) = (t for t in types.values() if t["label"] == "struct KallRegistry.Record")
    assert [(m["label"], m["slot"]) for m in record["members"]] == [("head", "0"), ("entryHash", "1")]
