from __future__ import annotations

import base64
import json
from typing import Any, TypeVar

from aiohttp import web

from kallnet.account import Address, address_from_hex
from kallnet.errors import KallnetError
from kallnet.messages import from_json
from kallnet.typed import Message
from kallprovider.errors import BadRequest

M = TypeVar("M", bound=Message)


class Body:
    """A JSON object from the network, checked field by field; raises BadRequest that names the field."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    @classmethod
    async def of(cls, request: web.Request) -> Body:
        try:
            values = json.loads(await request.read())
        except (ValueError, RecursionError):
            raise BadRequest("the body is not JSON") from None
        if not isinstance(values, dict):
            raise BadRequest("the body must be a JSON object")
        return cls(values)

    def text(self, field: str) -> str:
        value = self._values.get(field)
        if not isinstance(value, str):
            raise BadRequest(f"{field} must be a string")
        return value

    def flag(self, field: str) -> bool:
        """False where it is missing."""
        value = self._values.get(field, False)
        if not isinstance(value, bool):
            raise BadRequest(f"{field} must be true or false")
        return value

    def address(self, field: str) -> Address:
        try:
            return address_from_hex(self.text(field))
        except KallnetError as error:
            raise BadRequest(f"{field}: {error}") from None

    def raw(self, field: str, size: int, *, optional: bool = False) -> bytes:
        if optional and self._values.get(field) in (None, "", "0x"):
            return b""
        try:
            value = bytes.fromhex(self.text(field).removeprefix("0x"))
        except ValueError:
            raise BadRequest(f"{field} must be 0x and hexadecimal digits") from None
        if len(value) != size:
            raise BadRequest(f"{field} must have {size} bytes, not {len(value)}")
        return value

    def base64(self, field: str, longest: int) -> bytes:
        try:
            value = base64.b64decode(self.text(field), validate=True)
        except ValueError:
            raise BadRequest(f"{field} must be base64") from None
        if not 0 < len(value) <= longest:
            raise BadRequest(f"{field} must have 1 to {longest} bytes, not {len(value)}")
        return value

    def whole(self, field: str) -> int:
        value = self._values.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
            raise BadRequest(f"{field} must be a whole number that fits 63 bits")
        return value

    def message(self, kind: type[M], field: str) -> M:
        value = self._values.get(field)
        if not isinstance(value, dict):
            raise BadRequest(f"{field} must be an object with the fields of {kind.__name__}")
        return _message(kind, value)

    def flat_message(self, kind: type[M], *others: str) -> M:
        """The message whose fields stand beside `others` in the body."""
        return _message(kind, {name: value for name, value in self._values.items() if name not in others})


def _message(kind: type[M], values: dict[str, Any]) -> M:
    try:
        return from_json(kind, values)
    except KallnetError as error:
        raise BadRequest(str(error)) from None
