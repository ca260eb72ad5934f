from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

from kallnet import refusals
from kallnet.abi import encode, selector
from kallnet.account import address_to_hex
from tests.kallnet.samples import ALICE, BOB

ARTIFACTS = Path(__file__).resolve().parents[2] / "contracts" / "out"


def test_an_error_is_told_with_its_values() -> None:
    data = selector("ERC20InsufficientBalance(address,uint256,uint256)") + encode(
        ("address", "uint256", "uint256"), (ALICE.address, 5, 500)
    )
    assert refusals.words_of(data) == f"{address_to_hex(ALICE.address)} owns 5 and 500 is needed: top up"


def test_a_revert_string_is_told_as_plain_text() -> None:
    data = selector("Error(string)") + encode(("string",), ("no\r\nway|{0}",))
    assert refusals.words_of(data) == "no??way|{0}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "without saying why"),
        (b"\x01\x02\x03\x04", "refuses with 0x01020304"),
        (selector("NumberTaken(uint256,address)") + b"\1", "damaged error"),
    ],
)
def test_what_is_not_understood_is_still_told(data: bytes, words: str) -> None:
    assert words in refusals.words_of(data)


def test_a_taken_number_says_what_to_do() -> None:
    data = selector("NumberTaken(uint256,address)") + encode(
        ("uint256", "address"), (2_345_678_901, BOB.address)
    )
    assert refusals.words_of(data).endswith("take another salt")


def test_words_name_only_values_that_their_error_has() -> None:
    for signature, words in refusals._WORDS.items():
        count = len(refusals._types(signature))
        named = [int(name) for _, name, _, _ in string.Formatter().parse(words) if name is not None]
        assert all(index < count for index in named), signature


@pytest.mark.chain
def test_every_error_that_a_relayed_call_can_meet_has_words() -> None:
    """The rest are of constructors, votes and strings too long for a name."""
    silent = {
        *("InvalidShortString", "StringTooLong", "CheckpointUnorderedInsertion", "ERC20ExceededSafeSupply"),
        *("ERC20InvalidApprover", "ERC20InvalidSender", "ERC20InvalidSpender", "ERC5805FutureLookup"),
        *("ERC6372InconsistentClock", "VotesExpiredSignature", "ExitDelayOutOfRange", "ScheduleInvalid"),
        *("QuorumOutOfRange", "StringsInsufficientHexLength"),
    }
    for name in ("KallCoin", "KallRegistry", "KallEscrow", "KallKrypton", "KallRating", "KallSpec"):
        abi = json.loads((ARTIFACTS / f"{name}.sol" / f"{name}.json").read_text())["abi"]
        for item in abi:
            if item["type"] == "error" and item["name"] not in silent:
                signature = f"{item['name']}({','.join(i['type'] for i in item['inputs'])})"
                assert signature in refusals._WORDS, f"{name} can say {signature}"
