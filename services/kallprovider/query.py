from __future__ import annotations

from aiohttp import web

from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.errors import AddressInvalid, EntryInvalid, EntryLapsed, NotListed
from kallnet.query import QUERIES
from kallprovider.chain import Chain
from kallprovider.clock import Clock
from kallprovider.errors import BadRequest, Gone, NotFound, Refused
from kallprovider.rate import RateLimit, spend

QUERIES_PER_MINUTE = 120
REMEMBERED_SECONDS = 5.0
MAX_REMEMBERED = 10_000

Answer = str | Refused


class LedgerQueries:
    """KRYPTON's REST door: GET /query/{type}/{address}, for anybody who asks."""

    def __init__(self, chain: Chain, clock: Clock) -> None:
        self._chain = chain
        self._clock = clock
        self._rate = RateLimit(QUERIES_PER_MINUTE, 60.0, clock.monotonic)
        self._remembered: dict[tuple[str, Address], tuple[Answer, float]] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/query/{type}/{address}", self.query)]

    async def query(self, request: web.Request) -> web.Response:
        kind, account = _kind(request.match_info["type"]), _account(request.match_info["address"])
        spend(self._rate, request.remote)
        answer = await self._answer(kind, account)
        if isinstance(answer, Refused):
            raise answer.with_traceback(None)  # it is remembered, this request's trace is not
        return web.json_response({"type": kind, "address": address_to_hex(account), "result": answer})

    async def _answer(self, kind: str, account: Address) -> Answer:
        """A refusal is remembered as well, a chain that is away is not."""
        known = self._remembered.get((kind, account))
        if known and known[1] > self._clock.monotonic():
            return known[0]
        answer = await self._ask(kind, account)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[kind, account] = (answer, self._clock.monotonic() + REMEMBERED_SECONDS)
        return answer

    async def _ask(self, kind: str, account: Address) -> Answer:
        try:
            return await self._chain.query(kind, account)
        except EntryLapsed as lapsed:
            return Gone(str(lapsed))
        except (NotListed, EntryInvalid) as missing:
            return NotFound(str(missing))


def _kind(text: str) -> str:
    if text not in QUERIES:
        raise BadRequest(f"there is no type {text[:64]!r} to query: it is one of {', '.join(QUERIES)}")
    return text


def _account(text: str) -> Address:
    try:
        return address_from_hex(text)
    except AddressInvalid as error:
        raise BadRequest(str(error)) from None
