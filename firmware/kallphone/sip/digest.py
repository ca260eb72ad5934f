"""Digest authentication (RFC 3261 section 22) of requests that pjsua sends, but answers no challenge to."""

from __future__ import annotations

import re
from urllib.request import (
    AbstractDigestAuthHandler,
    HTTPPasswordMgr,
    Request,
    parse_http_list,
    parse_keqv_list,
)

_CHALLENGE = re.compile(r"^(?:www|proxy)-authenticate[ \t]*:[ \t]*digest[ \t]+(.*)$", re.IGNORECASE | re.M)


class _Known(HTTPPasswordMgr):
    def __init__(self, username: str, password: str) -> None:
        super().__init__()
        self._known = username, password

    def find_user_password(self, realm: str, authuri: str) -> tuple[str | None, str | None]:  # noqa: ARG002
        return self._known


def digest_answer(response: str, method: str, uri: str, username: str, password: str) -> str:
    """The credentials that a 401 or 407 asks for; empty where it asks for something else."""
    challenge = _CHALLENGE.search(response.replace("\r\n", "\n"))
    if challenge is None:
        return ""
    request = Request(uri, method=method)  # noqa: S310 - signed, never opened
    request.selector = uri  # in SIP all of the URI is signed
    handler = AbstractDigestAuthHandler(_Known(username, password))
    given = handler.get_authorization(request, parse_keqv_list(parse_http_list(challenge[1])))
    return f"Digest {given}" if given else ""
