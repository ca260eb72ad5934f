from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from kallnet.account import Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.errors import KallnetError
from kallnet.ledger import Channel
from kallnet.messages import TransferWithAuthorization, Voucher
from kallprovider import PERIOD_SECONDS
from kallprovider.agreements import Agreements
from kallprovider.body import Body
from kallprovider.books import Books
from kallprovider.chain import Receipt
from kallprovider.channels import Channels
from kallprovider.clock import Clock
from kallprovider.config import ProviderConfig, Tls
from kallprovider.errors import BadRequest, ConfigError, Conflict, Forbidden, ProviderError
from kallprovider.mail_doors import MailDoors
from kallprovider.query import LedgerQueries
from kallprovider.rate import RateLimit, source_of, spend
from kallprovider.relay import CALLS, HOUR, Relay, RelayRequest
from kallprovider.sessions import Challenges, credentials
from kallprovider.transfers import TransferDesk
from kallprovider.vouchers import VoucherDesk

log = logging.getLogger(__name__)

MAX_BODY = 16 * 1024
CHALLENGES_PER_MINUTE = 120
AGREEMENTS_PER_HOUR = 60

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Health:
    kamailio: bool
    chain: bool
    calls: int


class Api:
    """The doors that phones use. Hex and JSON end here."""

    def __init__(
        self,
        config: ProviderConfig,
        deployment: Deployment,
        provider: Address,
        secret: str,
        challenges: Challenges,
        agreements: Agreements,
        channels: Channels,
        books: Books,
        desk: VoucherDesk | TransferDesk,
        relay: Relay,
        queries: LedgerQueries,
        mail: MailDoors,
        health: Callable[[], Health],
        clock: Clock,
    ) -> None:
        self._config = config
        self._deployment = deployment
        self._provider = provider
        self._secret = secret
        self._challenges = challenges
        self._agreements = agreements
        self._channels = channels
        self._books = books
        self._desk = desk
        self._relay = relay
        self._queries = queries
        self._mail = mail
        self._health = health
        self._clock = clock
        self._challenge_rate = RateLimit(CHALLENGES_PER_MINUTE, 60.0, clock.monotonic)
        self._agreement_rate = RateLimit(AGREEMENTS_PER_HOUR, HOUR, clock.monotonic)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY, middlewares=[errors_in_words])
        app.add_routes(
            [
                web.get("/v1/terms", self.terms),
                web.get("/v1/health", self.health),
                web.post("/v1/challenge", self.challenge),
                web.post("/v1/session", self.session),
                web.post("/v1/agreement", self.agreement),
                web.post("/v1/relay", self.relay),
                web.post("/v1/exit", self.exit),
                web.post("/v1/vouchers", self.voucher),
                *self._queries.routes(),
                web.post("/v1/transfers", self.transfer),
                *self._mail.routes(),
            ]
        )
        app.on_shutdown.append(self._mail.close)
        return app

    async def terms(self, _: web.Request) -> web.Response:
        deployment, terms = self._deployment, self._config.terms
        return web.json_response(
            {
                "provider": address_to_hex(self._provider),
                "chain_id": deployment.chain_id,
                "registry": address_to_hex(deployment.registry),
                "escrow": address_to_hex(deployment.escrow),
                "coin": address_to_hex(deployment.coin),
                **self._doors(),
                "price": terms.price,
                "inviter_share": terms.inviter_share,
                "api_version": terms.api_version,
                "max_float": terms.max_float,
                "rail": terms.rail,
                "period": PERIOD_SECONDS,
            }
        )

    async def health(self, _: web.Request) -> web.Response:
        health = self._health()
        return web.json_response({"kamailio": health.kamailio, "chain": health.chain, "calls": health.calls})

    async def challenge(self, request: web.Request) -> web.Response:
        client = (await Body.of(request)).address("client")
        spend(self._challenge_rate, request.remote)
        challenge = self._challenges.issue(client)
        return web.json_response({"challenge": _hex(challenge.value), "expires": challenge.expires})

    async def session(self, request: web.Request) -> web.Response:
        client = self._answered(await Body.of(request))
        if not await self._agreements.is_client(client):
            raise Forbidden("this account is not a client of this provider: ask for an agreement first")
        channel = await self._channels.current(client)
        expires = int(self._clock.unix()) + self._config.terms.session_seconds
        given = credentials(self._secret, client, expires)
        return web.json_response(
            {
                "username": given.username,
                "password": given.password,
                "expires": given.expires,
                **self._doors(),
                "channel": self._report(client, channel),
            }
        )

    async def agreement(self, request: web.Request) -> web.Response:
        client = self._answered(await Body.of(request))
        spend(self._agreement_rate, request.remote)
        signed = self._agreements.sign(client)
        return web.json_response(
            {
                "service_type": signed.message.service_type,
                "expiry": signed.message.expiry,
                "agreement": _hex(signed.signature),
            }
        )

    async def relay(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        kind = CALLS.get(body.text("call"))
        if kind is None:
            raise BadRequest(f"call must be one of {', '.join(CALLS)}")
        relayed = RelayRequest(
            body.message(kind, "message"),
            body.raw("signature", 65),
            body.raw("permit_signature", 65, optional=True),
        )
        return _receipt(await self._relay.submit(relayed, source_of(request.remote)))

    async def exit(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        provider, client = body.address("provider"), self._answered(body)
        return _receipt(await self._relay.exit(client, provider, source_of(request.remote)))

    async def voucher(self, request: web.Request) -> web.Response:
        if not isinstance(self._desk, VoucherDesk):
            raise Conflict("this provider is paid by transfers: post them to /v1/transfers")
        body = await Body.of(request)
        voucher = body.flat_message(Voucher, "signature")
        cumulative = await self._desk.accept(voucher, body.raw("signature", 65))
        return web.json_response({"cumulative": cumulative})

    async def transfer(self, request: web.Request) -> web.Response:
        if not isinstance(self._desk, TransferDesk):
            raise Conflict("this provider is paid by vouchers: post them to /v1/vouchers")
        body = await Body.of(request)
        message = body.message(TransferWithAuthorization, "message")
        channel = await self._desk.accept(
            message, body.whole("cumulative"), body.raw("signature", 65), skip=body.flag("skip")
        )
        held = self._books.tab(message.from_).voucher
        return web.json_response({"cumulative": held, "settled": channel.claimed})

    def _report(self, client: Address, channel: Channel) -> dict[str, Any]:
        signature = self._books.voucher_signature(client, channel.epoch)
        return {
            "epoch": channel.epoch,
            "deposited": channel.deposited,
            "claimed": channel.claimed,
            "voucher": self._books.tab(client).voucher,
            **({"signature": _hex(signature)} if signature else {}),
        }

    def _answered(self, body: Body) -> Address:
        client = body.address("client")
        self._challenges.answer(client, body.raw("challenge", 32), body.raw("signature", 65))
        return client

    def _doors(self) -> dict[str, Any]:
        config = self._config
        return {"domain": config.domain, "sip": config.sip_uri, "turn": [config.turn_uri]}


@web.middleware
async def errors_in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProviderError as error:
        return _error(error.status, error.words, error.details)
    except KallnetError as error:
        return _error(400, str(error))
    except web.HTTPException as error:
        return _error(error.status, _HTTP_WORDS.get(error.status, error.reason))
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return _error(500, "the provider failed: its operator finds the reason in the log")


_HTTP_WORDS = {
    404: "there is no such door: the API is under /v1/, ledger queries under /query/",
    405: "this door takes another method",
    413: f"the body is too large: {MAX_BODY} bytes are allowed",
}


def _error(status: int, words: str, details: dict[str, int | str] | None = None) -> web.Response:
    return web.json_response({"error": words, **(details or {})}, status=status)


def _receipt(receipt: Receipt) -> web.Response:
    return web.json_response(
        {"tx": _hex(receipt.transaction), "block": receipt.block, "gas_used": receipt.gas_used}
    )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.private_key)
    except (OSError, ssl.SSLError) as error:
        words = f"TLS: {tls.certificate} and {tls.private_key} are no certificate with its key: {error}"
        raise ConfigError(words) from None
    return context
