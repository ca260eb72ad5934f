from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from kallnet.account import Address, recover
from kallnet.errors import BadSignature
from kallnet.messages import Session
from kallnet.typed import Domain, digest
from kallprovider.clock import Clock
from kallprovider.errors import Unauthorized

CHALLENGE_SECONDS = 60
MAX_CHALLENGES = 10_000

_USERNAME = re.compile(r"(\d{1,12}):0x([0-9a-f]{40})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Challenge:
    value: bytes
    expires: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """For SIP and TURN alike; the password stays out of repr."""

    username: str
    password: str
    expires: int

    def __repr__(self) -> str:
        return f"Credentials({self.username})"


class Challenges:
    """Random values, each good for one signature of one client within CHALLENGE_SECONDS."""

    def __init__(self, provider: Address, registry: Domain, clock: Clock) -> None:
        self._provider = provider
        self._registry = registry
        self._clock = clock
        self._open: OrderedDict[bytes, tuple[Address, float]] = OrderedDict()

    def issue(self, client: Address) -> Challenge:
        self._drop_expired()
        value = secrets.token_bytes(32)
        self._open[value] = (client, self._clock.monotonic() + CHALLENGE_SECONDS)
        return Challenge(value, int(self._clock.unix()) + CHALLENGE_SECONDS)

    def answer(self, client: Address, challenge: bytes, signature: bytes) -> None:
        """Uses the challenge up, whoever asks; raises Unauthorized unless `client` signed it in time."""
        asked, deadline = self._open.pop(challenge, (None, 0.0))
        if asked != client or deadline <= self._clock.monotonic():
            raise Unauthorized("the challenge is unknown, used or too old: ask for a new one")
        message = Session(client, self._provider, challenge)
        try:
            signer = recover(digest(self._registry, message), signature)
        except BadSignature as error:
            raise Unauthorized(str(error)) from None
        if signer != client:
            raise Unauthorized("the challenge is not signed by this account")

    def _drop_expired(self) -> None:
        now = self._clock.monotonic()
        while self._open:
            value, (_, deadline) = next(iter(self._open.items()))
            if deadline > now and len(self._open) < MAX_CHALLENGES:
                return
            del self._open[value]


def credentials(secret: str, client: Address, expires: int) -> Credentials:
    """The shared-secret scheme of draft-uberti-behave-turn-rest, which Kamailio and coturn both check."""
    username = f"{expires}:0x{client.hex()}"
    tag = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credentials(username, base64.b64encode(tag).decode(), expires)


def holder(secret: str, username: str, password: str, now: float) -> Address:
    """Whose credentials these are; raises Unauthorized unless they were given here and hold at `now`."""
    match = _USERNAME.fullmatch(username)
    if match is None:
        raise Unauthorized("the user name is none of a session: open one")
    client, expires = Address(bytes.fromhex(match[2])), int(match[1])
    given = credentials(secret, client, expires)
    if username != given.username or not hmac.compare_digest(password.encode(), given.password.encode()):
        raise Unauthorized("the password is not that of this user name: open a new session")
    if expires <= now:
        raise Unauthorized("the session has ended: open a new one")
    return client
