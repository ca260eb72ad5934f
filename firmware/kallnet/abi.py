"""The part of the contract ABI that the network's contracts use.

Types: uint8 to uint256, address, bool, bytesN, bytes, string, tuples in parentheses, and arrays T[].
Source: Solidity documentation, "Contract ABI Specification".
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from kallnet.errors import AbiInvalid, MessageInvalid
from kallnet.keccak import keccak256

WORD = 32
_UINT = re.compile(r"uint(\d+)")
_FIXED = re.compile(r"bytes(\d+)")


@cache
def selector(signature: str) -> bytes:
    """The four bytes that call `name(type,...)`, spelled without spaces or names."""
    return keccak256(signature.encode())[:4]


def encode_call(signature: str, *values: Any) -> bytes:
    return selector(signature) + encode(_arguments(signature), values)


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    if len(types) != len(values):
        raise MessageInvalid(f"({','.join(types)})", f"{len(types)} values wanted, {len(values)} given")
    offset = sum(_head_size(t) for t in types)
    head, tail = b"", b""
    for type_, value in zip(types, values, strict=True):
        body = _encode_value(type_, value)
        if is_dynamic(type_):
            head += (offset + len(tail)).to_bytes(WORD, "big")
            tail += body
        else:
            head += body
    return head + tail


def encode_word(type_: str, value: Any) -> bytes:
    """One value type as its 32-byte word; raises MessageInvalid when the value does not fit."""
    if type_ == "bool":
        return bool(value).to_bytes(WORD, "big")
    if type_ == "address":
        return _checked_bytes(type_, value, 20).rjust(WORD, b"\0")
    if match := _UINT.fullmatch(type_):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << int(match[1]):
            raise MessageInvalid(type_, f"{value!r} does not fit")
        return value.to_bytes(WORD, "big")
    if match := _FIXED.fullmatch(type_):
        return _checked_bytes(type_, value, int(match[1])).ljust(WORD, b"\0")
    raise MessageInvalid(type_, "is no type of one word")


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Raises AbiInvalid when `data` is too short, points outside itself or has dirty padding."""
    values, position = [], 0
    for type_ in types:
        if is_dynamic(type_):
            values.append(_decode_value(type_, data, _read_length(data, position)))
        else:
            values.append(_decode_value(type_, data, position))
        position += _head_size(type_)
    return tuple(values)


def is_dynamic(type_: str) -> bool:
    if type_ in ("bytes", "string") or type_.endswith("[]"):
        return True
    return type_.startswith("(") and any(is_dynamic(t) for t in split_types(type_[1:-1]))


@cache
def split_types(text: str) -> tuple[str, ...]:
    """Splits `uint8,(address,bytes)[],string` at its outer commas."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return (*parts, text[start:]) if text else ()


def _arguments(signature: str) -> tuple[str, ...]:
    return split_types(signature[signature.index("(") + 1 : -1])


def _head_size(type_: str) -> int:
    if type_.startswith("(") and type_.endswith(")") and not is_dynamic(type_):
        return sum(_head_size(t) for t in split_types(type_[1:-1]))
    return WORD


def _checked_bytes(type_: str, value: Any, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise MessageInvalid(type_, f"{length} bytes wanted")
    return value


def _encode_value(type_: str, value: Any) -> bytes:
    if type_.endswith("[]"):
        items = [type_[:-2]] * len(value)
        return len(value).to_bytes(WORD, "big") + encode(items, value)
    if type_.startswith("("):
        return encode(split_types(type_[1:-1]), value)
    if type_ in ("bytes", "string"):
        raw = value.encode() if isinstance(value, str) else value
        if not isinstance(raw, bytes) or isinstance(value, str) != (type_ == "string"):
            raise MessageInvalid(type_, f"{value!r} does not fit")
        return len(raw).to_bytes(WORD, "big") + raw + bytes(-len(raw) % WORD)
    return encode_word(type_, value)


def _decode_value(type_: str, data: bytes, position: int) -> Any:
    if type_.endswith("[]"):
        return _decode_array(type_[:-2], data, position)
    if type_.startswith("("):
        return decode(split_types(type_[1:-1]), data[position:])
    if type_ in ("bytes", "string"):
        return _decode_bytes(type_, data, position)
    return _decode_word(type_, _slice(data, position, WORD))


def _decode_array(item: str, data: bytes, position: int) -> tuple[Any, ...]:
    count = _read_length(data, position)
    body = data[position + WORD :]
    if count * _head_size(item) > len(body):
        raise AbiInvalid(f"an array of {count} items in {len(body)} bytes")
    return decode([item] * count, body)


def _decode_bytes(type_: str, data: bytes, position: int) -> bytes | str:
    raw = _slice(data, position + WORD, _read_length(data, position))
    if type_ == "bytes":
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise AbiInvalid("a string that is not UTF-8") from error


def _decode_word(type_: str, word: bytes) -> Any:
    if match := _FIXED.fullmatch(type_):
        size = int(match[1])
        if any(word[size:]):
            raise AbiInvalid(f"{type_} with dirty padding: {word.hex()}")
        return word[:size]
    bits = {"address": 160, "bool": 1}.get(type_) or int(type_.removeprefix("uint"))
    value = int.from_bytes(word, "big")
    if value >> bits:
        raise AbiInvalid(f"{type_} out of range: {word.hex()}")
    if type_ == "address":
        return word[12:]
    return bool(value) if type_ == "bool" else value


def _read_length(data: bytes, position: int) -> int:
    return int.from_bytes(_slice(data, position, WORD), "big")


def _slice(data: bytes, position: int, length: int) -> bytes:
    if position + length > len(data):
        raise AbiInvalid(f"{length} bytes wanted at {position} of {len(data)}")
    return data[position : position + length]
