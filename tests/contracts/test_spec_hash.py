"""What the chain calls version 1 is the text in docs/spec."""

import pytest

from kallnet.abi import encode_call
from kallnet.keccak import keccak256
from tests.contracts.conftest import Deployed
from tests.spec import specification

pytestmark = pytest.mark.chain


def spec_of(deployed: Deployed, version: int) -> bytes:
    data = "0x" + encode_call("specOf(uint256)", version).hex()
    answer: str = deployed.chain.rpc("eth_call", {"to": deployed.address("KallSpec"), "data": data}, "latest")
    return bytes.fromhex(answer.removeprefix("0x"))


def test_version_1_is_the_hash_of_this_specification(deployed: Deployed) -> None:
    assert spec_of(deployed, 1) == keccak256(specification.PATH.read_bytes())


def test_no_other_version_has_a_specification_yet(deployed: Deployed) -> None:
    assert spec_of(deployed, 0) == spec_of(deployed, 2) == bytes(32)
