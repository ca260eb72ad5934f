"""What sealed messages are called, for those who only carry them."""

from kallnet.keccak import keccak256

TEXT = "text"
VOICE = "voice"
RECEIPT = "receipt"

MAX_SIZE = 512 * 1024
"""Of a sealed message, in bytes."""


def message_id(blob: bytes) -> bytes:
    return keccak256(blob)
