from typing import Any

import pytest

from kallnet.errors import HeaderInvalid
from kallnet.header import header_of
from tests.kallnet.fakes import ChainInMemory, hash_of

BLOCK = ChainInMemory().block()
# Blocks carry more than their header; the hash does not cover it.
BODY = {"size": "0x1", "totalDifficulty": "0x0", "uncles": [], "transactions": [], "withdrawals": []}


def test_a_header_s_hash_binds_its_state_root() -> None:
    header = header_of({**BLOCK, **BODY})
    assert (header.number, header.timestamp) == (100, 1_000_000)
    assert (header.hash.hex(), header.state_root.hex()) == (BLOCK["hash"][2:], BLOCK["stateRoot"][2:])


@pytest.mark.parametrize("field", [name for name in BLOCK if name != "hash"])
def test_a_changed_field_is_noticed(field: str) -> None:
    text = BLOCK[field]
    changed = "0xab" if text == "0x" else text[:-1] + ("1" if text[-1] != "1" else "2")
    with pytest.raises(HeaderInvalid, match="hash is not that of its fields"):
        header_of({**BLOCK, field: changed})


@pytest.mark.parametrize("field", [name for name in BLOCK if name not in ("hash", "baseFeePerGas")])
def test_a_missing_field_is_noticed(field: str) -> None:
    with pytest.raises(HeaderInvalid, match="lacks fields"):
        header_of({name: text for name, text in BLOCK.items() if name != field})


def test_a_field_of_a_later_fork_alone_is_refused() -> None:
    with pytest.raises(HeaderInvalid, match="lacks fields"):
        header_of({**BLOCK, "blobGasUsed": "0x0"})


def test_blocks_of_before_the_forks_are_read() -> None:
    old = {name: text for name, text in BLOCK.items() if name not in ("hash", "baseFeePerGas")}
    assert header_of({**old, "hash": hash_of(old)}).number == 100


@pytest.mark.parametrize("block", [None, "0x", [], {}, {"hash": BLOCK["hash"]}])
def test_what_is_no_block_is_refused(block: Any) -> None:
    with pytest.raises(HeaderInvalid):
        header_of(block)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "noon"),
        ("number", 5),
        ("number", "-0x1"),
        ("timestamp", "0x" + "f" * 65),
        ("stateRoot", "0x" + "ab" * 31),
        ("stateRoot", "0xzz"),
        ("stateRoot", ["0x"]),
        ("extraData", "0x" + "ab" * 1025),
        ("hash", None),
        ("hash", "0x1"),
    ],
)
def test_junk_in_a_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(HeaderInvalid, match=field):
        header_of({**BLOCK, field: value})
