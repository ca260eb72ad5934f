from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from kallphone.bench.table import Table
from kallphone.bench.visitor import Visitor

HOST = "127.0.0.1"
PAGE = files("kallphone.bench") / "page"
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

# Nothing but our own files and our own socket: the page holds phones that hold money.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@asynccontextmanager
async def serve_page(table: Table, port: int = 0) -> AsyncIterator[str]:
    """The bench's page on this machine alone, for as long as the block runs; yields its address.

    The address has a secret in it, so that no other user and no other page of this machine's browser gets in;
    the Host header is looked at, so that no name that somebody points here gets in either.
    """
    secret = secrets.token_urlsafe(16)
    runner = web.AppRunner(_application(table, secret), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        yield f"http://{HOST}:{runner.addresses[0][1]}/{secret}/"
    finally:
        await runner.cleanup()


def _application(table: Table, secret: str) -> web.Application:
    visitors: set[Visitor] = set()

    async def socket(request: web.Request) -> web.WebSocketResponse:
        visitor = Visitor(table)
        visitors.add(visitor)
        try:
            return await visitor.serve(request)
        finally:
            visitors.discard(visitor)

    async def goodbye(_: web.Application) -> None:
        for visitor in tuple(visitors):
            await visitor.close()

    app = web.Application(middlewares=[_guard(secret)])
    app.add_routes([web.get("/{secret}/socket", socket), web.get("/{secret}/{name:[a-z0-9.-]*}", _file)])
    app.on_shutdown.append(goodbye)
    return app


def _guard(secret: str) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.match_info.get("secret", "")
        if not _is_ours(request) or not secrets.compare_digest(given.encode(), secret.encode()):
            raise web.HTTPNotFound
        return await handler(request)

    return guard


def _is_ours(request: web.Request) -> bool:
    """Asked for under this machine's own name, and by no foreign page."""
    assert request.transport is not None
    port = request.transport.get_extra_info("sockname")[1]
    ours = {f"{HOST}:{port}", f"localhost:{port}"}
    origin = request.headers.get("Origin")
    return request.host in ours and origin in {None, *(f"http://{host}" for host in ours)}


async def _file(request: web.Request) -> web.Response:
    name = request.match_info["name"] or "index.html"
    known = {entry.name: entry for entry in PAGE.iterdir()}
    if name not in known:
        raise web.HTTPNotFound
    kind = TYPES[name.rsplit(".", 1)[-1]]
    return web.Response(body=known[name].read_bytes(), content_type=kind, charset="utf-8", headers=_HEADERS)
