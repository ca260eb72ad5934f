from __future__ import annotations

import base64

from aiohttp import web

from kallnet.account import Address, address_to_hex
from kallnet.mail_names import MAX_SIZE
from kallnet.messages import Mail
from kallprovider.body import Body
from kallprovider.clock import Clock
from kallprovider.errors import BadRequest, TooLarge, TooMany, Unauthorized
from kallprovider.held_mail import HeldMessage
from kallprovider.mailbox import MAX_WAIT, Mailbox
from kallprovider.rate import RateLimit, spend
from kallprovider.sessions import holder

MAX_BODY = 4 * -(-MAX_SIZE // 3) + 4096
"""The message in base64, and what stands beside it."""

POSTS_PER_HOUR = 1200
FETCHES_PER_MINUTE = 120


class MailDoors:
    """Whoever sends signs each message. Whoever fetches shows the credentials of its session.

    Those need no round trip for a challenge at each poll, outlive a restart of this provider, and end by
    themselves.
    """

    def __init__(self, mailbox: Mailbox, secret: str, clock: Clock) -> None:
        self._mailbox = mailbox
        self._secret = secret
        self._clock = clock
        self._posts = RateLimit(POSTS_PER_HOUR, 3600.0, clock.monotonic)
        self._fetches = RateLimit(FETCHES_PER_MINUTE, 60.0, clock.monotonic)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/mail", self.post),
            web.get("/v1/mail", self.fetch),
            web.delete("/v1/mail/{id}", self.delete),
        ]

    async def close(self, _: web.Application) -> None:
        self._mailbox.close()

    async def post(self, request: web.Request) -> web.Response:
        spend(self._posts, request.remote)
        try:
            body = await Body.of(request.clone(client_max_size=MAX_BODY))
        except web.HTTPRequestEntityTooLarge:
            raise TooLarge(f"the body is too large: {MAX_BODY} bytes are allowed") from None
        message, signature = body.message(Mail, "message"), body.raw("signature", 65)
        await self._mailbox.accept(message, signature, body.base64("sealed", MAX_SIZE))
        return web.json_response({"id": "0x" + message.id.hex()})

    async def fetch(self, request: web.Request) -> web.Response:
        recipient = self._holder(request)
        if not self._fetches.allow(recipient):
            raise TooMany(f"too many requests: ask with wait={MAX_WAIT}")
        found = await self._mailbox.fetch(recipient, _wait(request.query.get("wait", "0")))
        return web.json_response({"mail": [_shown(message) for message in found]})

    async def delete(self, request: web.Request) -> web.Response:
        recipient = self._holder(request)
        self._mailbox.delete(recipient, _id(request.match_info["id"]))
        return web.json_response({})

    def _holder(self, request: web.Request) -> Address:
        username, password = _credentials(request.headers.get("Authorization", ""))
        return holder(self._secret, username, password, self._clock.unix())


def _credentials(header: str) -> tuple[str, str]:
    """User name and password as a bearer token (RFC 6750): Basic allows no colon in a user name."""
    scheme, _, token = header.partition(" ")
    try:
        username, colon, password = base64.b64decode(token, validate=True).decode("ascii").rpartition(":")
    except ValueError:
        colon = ""
    if scheme.lower() != "bearer" or not colon:
        raise Unauthorized("show the credentials of a session as a bearer token")
    return username, password


def _shown(message: HeldMessage) -> dict[str, str | int]:
    return {
        "id": "0x" + message.id.hex(),
        "sender": address_to_hex(message.sender),
        "received": int(message.received),
        "sealed": base64.b64encode(message.sealed).decode(),
    }


def _wait(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= MAX_WAIT):
        raise BadRequest(f"wait must be a whole number of seconds up to {MAX_WAIT}")
    return int(text)


def _id(text: str) -> bytes:
    try:
        id_ = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        id_ = b""
    if len(id_) != 32:
        raise BadRequest("id must be 0x and 64 hexadecimal digits")
    return id_
