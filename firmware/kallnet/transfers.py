"""Payment by single transfers of the coin (EIP-3009), for providers that want no escrow.

Each transfer carries what a client's cumulative sum with a provider has grown by. Its nonce follows from the
new sum, so that whatever is signed for one sum twice can be mined once.
"""

from kallnet.account import Address
from kallnet.errors import MessageInvalid
from kallnet.keccak import keccak256
from kallnet.messages import TransferWithAuthorization

ESCROW = "escrow"
TRANSFERS = "transfers"
RAILS = (ESCROW, TRANSFERS)

EPOCH = 2**40
"""Stands where an escrow channel's epoch does: one above the largest that the escrow counts to."""

VALID_SECONDS = 3600
"""How far ahead of its signing a transfer expires."""

LEAST_LEFT = 300
MOST_LEFT = 2 * VALID_SECONDS
"""Seconds of life that a provider wants to see: enough to get it mined, and clocks may differ."""

HIGHEST_SUM = 2**61
"""Far above all coins that there are, and sums of it still fit 63 bits."""

_NONCE_TEXT = b"KallPhone transfer"


def transfer_nonce(client: Address, provider: Address, cumulative: int) -> bytes:
    """`cumulative`: the client's sum once this transfer is made."""
    if not 0 <= cumulative < 1 << 256:
        raise MessageInvalid("cumulative", "does not fit uint256")
    return keccak256(_NONCE_TEXT + client + provider + cumulative.to_bytes(32, "big"))


def transfer_of(
    client: Address, provider: Address, previous: int, cumulative: int, valid_before: int
) -> TransferWithAuthorization:
    """Raises the sum from `previous` to `cumulative`."""
    nonce = transfer_nonce(client, provider, cumulative)
    return TransferWithAuthorization(client, provider, cumulative - previous, 0, valid_before, nonce)


def cover(balance: int, settled: int, promised: int, known: int | None = None) -> int:
    """The sum that a client's coins bear in all, as a deposit would: `settled` and what is left.

    Nobody knows yet whether `balance` still contains what is `promised` above `settled`; the sum that was
    `known` before holds as long as that explains the difference.
    """
    return min(max(known or 0, balance + settled), balance + max(settled, promised))
