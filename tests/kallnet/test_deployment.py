import json
from pathlib import Path
from typing import Any

import pytest

from kallnet.account import address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.errors import DeploymentInvalid
from tests.kallnet.samples import DEPLOYMENT

BODY: dict[str, Any] = {
    "chain_id": 31337,
    "block": 1,
    "network_api_version": 1,
    "contracts": {
        "KallCoin": address_to_hex(DEPLOYMENT.coin),
        "KallRegistry": address_to_hex(DEPLOYMENT.registry),
        "KallEscrow": address_to_hex(DEPLOYMENT.escrow),
        "KallRating": address_to_hex(DEPLOYMENT.rating),
        "KallSpec": address_to_hex(DEPLOYMENT.spec),
        "KallKrypton": address_to_hex(DEPLOYMENT.krypton),
    },
}


def load(folder: Path, text: str) -> Deployment:
    path = folder / "31337.json"
    path.write_text(text)
    return load_deployment(path)


def test_a_deployment_file(tmp_path: Path) -> None:
    assert load(tmp_path, json.dumps(BODY)) == DEPLOYMENT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chain_id": "31337"}, "chain_id must be a whole number"),
        ({"block": None}, "block must be a whole number"),
        ({"network_api_version": 2}, "network API version 2, this is 1"),
        ({"contracts": []}, "no deployment file"),
        ({"contracts": {"KallCoin": "0x12"}}, "'0x12' is not an address"),
        ({"contracts": {}}, "KallCoin"),
        ({"contracts": {"KallCoin": 5}}, "no deployment file"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeploymentInvalid, match=reason):
        load(tmp_path, json.dumps(BODY | change))


@pytest.mark.parametrize("text", ["", "[]", "{", "\udcff"])
def test_what_is_no_deployment_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DeploymentInvalid):
        load_deployment(path)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeploymentInvalid, match="deploy the contracts first"):
        load_deployment(tmp_path / "none.json")
