from __future__ import annotations

from typing import Any

import pytest

from kallnet.account import Address
from kallnet.errors import LedgerInconsistent, LedgerRefused
from kallphone.owner.search import depositories
from tests.kallnet.samples import DEPLOYMENT

CLIENT = Address(b"c" * 20)


class Endpoint:
    """Has deposits in some blocks, and gives no longer range than it likes."""

    def __init__(self, deposits: dict[int, bytes], longest: int) -> None:
        self.deposits = deposits
        self.longest = longest
        self.head: Any = "0x2710"

    def call(self, method: str, params: Any = ()) -> Any:
        if method == "eth_blockNumber":
            return self.head
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        if last - first >= self.longest:
            raise LedgerRefused("http://e", "eth_getLogs", -32005, "range too large")
        found = (provider for block, provider in self.deposits.items() if first <= block <= last)
        return [{"topics": ["0x", "0x", "0x" + provider.rjust(32, b"\0").hex()]} for provider in found]


def test_providers_are_found_once_however_short_the_ranges():
    deposits = {1: b"a" * 20, 5_000: b"b" * 20, 5_001: b"a" * 20, 10_000: b"d" * 20}
    for longest in (20_000, 3_000):
        endpoint = Endpoint(deposits, longest)
        assert depositories(endpoint, DEPLOYMENT, CLIENT) == [b"a" * 20, b"b" * 20, b"d" * 20]


def test_an_endpoint_that_gives_nothing_is_named():
    with pytest.raises(LedgerRefused):
        depositories(Endpoint({}, 10), DEPLOYMENT, CLIENT)
    endpoint = Endpoint({}, 20_000)
    endpoint.head = None
    with pytest.raises(LedgerInconsistent):
        depositories(endpoint, DEPLOYMENT, CLIENT)
