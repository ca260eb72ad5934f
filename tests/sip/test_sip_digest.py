from __future__ import annotations

import re
from hashlib import md5

import pytest

from kallphone.sip.digest import digest_answer

URI = "sip:0x0707070707070707070707070707070707070707@kall.test"
CHALLENGE = 'Digest realm="kall.test", nonce="abc=", algorithm=MD5, qop="auth"'


def answer(header: str) -> str:
    return digest_answer(f"SIP/2.0 407 No\r\n{header}\r\n\r\n", "OPTIONS", URI, "9:0x07", "pass:word")


def hexed(text: str) -> str:
    return md5(text.encode()).hexdigest()


@pytest.mark.parametrize("name", ["Proxy-Authenticate", "WWW-Authenticate", "proxy-authenticate "])
def test_the_whole_uri_is_signed_with_the_password(name: str) -> None:
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', answer(f"{name}: {CHALLENGE}")))
    secret, message = hexed("9:0x07:kall.test:pass:word"), hexed(f"OPTIONS:{URI}")
    middle = f"abc=:{given['nc']}:{given['cnonce']}:auth"
    assert given["response"] == hexed(f"{secret}:{middle}:{message}")
    assert (given["username"], given["uri"]) == ("9:0x07", URI)


@pytest.mark.parametrize("header", ["Via: x", 'WWW-Authenticate: Basic realm="x"', "X: Digest realm=x"])
def test_what_asks_for_something_else_gets_nothing(header: str) -> None:
    assert answer(header) == ""


def test_the_password_is_not_said() -> None:
    assert "pass:word" not in answer(f"Proxy-Authenticate: {CHALLENGE}")
