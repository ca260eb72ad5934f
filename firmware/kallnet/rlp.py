"""Recursive Length Prefix, the encoding of Ethereum's headers and tries (Yellow Paper, appendix B).

The library that does this (rlp) brings pydantic, which costs a phone more memory than all of kallnet.
"""

from typing import TypeAlias

from kallnet.errors import RlpInvalid

Item: TypeAlias = "bytes | list[Item]"

# A trie's node nests once, a header not at all; deeper input is hostile.
_MAX_DEPTH = 16


def encode(item: Item) -> bytes:
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(0x80, len(item)) + item
    body = b"".join(encode(part) for part in item)
    return _prefix(0xC0, len(body)) + body


def encode_int(value: int) -> bytes:
    """Numbers stand as big-endian bytes without leading zeros: zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode(data: bytes) -> Item:
    """Raises RlpInvalid for anything that `encode` would not have given."""
    item, end = _decode(data, 0, len(data), _MAX_DEPTH)
    if end != len(data):
        raise RlpInvalid(f"{len(data) - end} bytes follow the item")
    return item


def _prefix(base: int, length: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = encode_int(length)
    return bytes([base + 55 + len(size)]) + size


def _decode(data: bytes, start: int, limit: int, depth: int) -> tuple[Item, int]:
    if start >= limit:
        raise RlpInvalid("an item is missing")
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    base = 0x80 if first < 0xC0 else 0xC0
    body, end = _extent(data, start, limit, first - base)
    if base == 0xC0:
        return _decode_list(data, body, end, depth), end
    if end - body == 1 and data[body] < 0x80:
        raise RlpInvalid("a single byte has a prefix that it does not need")
    return data[body:end], end


def _decode_list(data: bytes, start: int, end: int, depth: int) -> list[Item]:
    if depth == 0:
        raise RlpInvalid("lists are nested too deep")
    items: list[Item] = []
    while start < end:
        item, start = _decode(data, start, end, depth - 1)
        items.append(item)
    return items


def _extent(data: bytes, start: int, limit: int, code: int) -> tuple[int, int]:
    """Where the body begins and ends; `code` is the prefix above its base."""
    body = start + 1
    length = code
    if code >= 56:
        size = code - 55
        body += size
        digits = data[start + 1 : body]
        length = int.from_bytes(digits, "big")
        if len(digits) != size or digits[0] == 0 or length < 56:
            raise RlpInvalid("a length is not in its shortest form")
    if body + length > limit:
        raise RlpInvalid(f"{length} bytes wanted at {body} of {limit}")
    return body, body + length
