from __future__ import annotations

LONGEST = 1 << 20


class NetstringError(ValueError):
    pass


def encode(text: str) -> bytes:
    payload = text.encode()
    return b"%d:%b," % (len(payload), payload)


class Decoder:
    """Strict: no leading zeros, no blanks, at most `LONGEST` bytes; anything else raises NetstringError."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        self._buffer += chunk
        texts = []
        while (end := self._payload_end()) is not None:
            start = self._buffer.index(b":") + 1
            texts.append(self._text(start, end))
            del self._buffer[: end + 1]
        return texts

    def _payload_end(self) -> int | None:
        """Index of the closing comma of the first netstring, once all of it is here."""
        colon = self._buffer.find(b":", 0, 9)
        if colon < 0:
            self._check_digits(bytes(self._buffer[:9]))
            return None
        size = self._size(bytes(self._buffer[:colon]))
        end = colon + 1 + size
        return end if end < len(self._buffer) else None

    def _check_digits(self, digits: bytes) -> None:
        if len(digits) > 7 or (digits and not digits.isdigit()):
            raise NetstringError("no netstring: a length of at most seven digits and a colon must come first")

    def _size(self, digits: bytes) -> int:
        self._check_digits(digits)
        if not digits or (digits[0] == ord("0") and len(digits) > 1):
            raise NetstringError(f"a netstring's length can't be {digits!r}")
        size = int(digits)
        if size > LONGEST:
            raise NetstringError(f"a netstring of {size} bytes is above the limit of {LONGEST}")
        return size

    def _text(self, start: int, end: int) -> str:
        if self._buffer[end] != ord(","):
            raise NetstringError("a netstring does not end in a comma")
        try:
            return self._buffer[start:end].decode()
        except UnicodeDecodeError:
            raise NetstringError("a netstring is not UTF-8") from None
