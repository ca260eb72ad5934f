"""The provider: does it answer, is its certificate good, does its SIP port shake hands."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.payments.answers import Terms
from kallphone.payments.errors import PaymentsError, ProviderUntrusted
from kallphone.phone.words import N_

HANDSHAKE_S = 8.0
EXPIRES_SOON_DAYS = 7
_DAY_S = 86_400
_SIP = re.compile(r"sips?:(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[^:;?\s]+)(?::(\d+))?")
_SIP_TLS_PORT = 5061


@dataclass(frozen=True)
class Shaken:
    """What a TLS handshake told: when the certificate ends, in Unix seconds, and how long it took."""

    expires: float
    took_s: float


Handshake = Callable[[str, int], Shaken]
"""With a host and a port; raises ssl.SSLError or OSError."""


def check_api(terms: Callable[[], Terms]) -> Finding:
    try:
        told = terms()
    except ProviderUntrusted:
        return bad(
            "provider",
            N_(
                "The provider's certificate is not trusted. See that the clock is right; else ask "
                "your provider."
            ),
        )
    except PaymentsError as error:
        return bad(
            "provider",
            N_("The provider does not answer. See that the network works; else ask your provider."),
            why=str(error),
        )
    return good("provider", N_("{domain} answers."), domain=told.domain)


def check_tls(check: str, host: str, port: int, handshake: Handshake, now: Callable[[], float]) -> Finding:
    """`check` names whose door it is: the API's ("certificate") or SIP's ("sip")."""
    where = f"{host}:{port}"
    if not host:
        return skipped(check, N_("No provider is set yet."))
    try:
        told = handshake(host, port)
    except ssl.SSLError:
        return bad(
            check,
            N_(
                "{where}: its certificate is not trusted. See that the clock is right; else ask your "
                "provider."
            ),
            where=where,
        )
    except OSError:
        return bad(
            check,
            N_("{where} can't be reached. See that the network lets it through; else ask your provider."),
            where=where,
        )
    days = int((told.expires - now()) // _DAY_S)
    if days < EXPIRES_SOON_DAYS:
        return warning(
            check,
            N_("{where}: its certificate ends in {days} days. Tell your provider."),
            where=where,
            days=days,
        )
    return good(check, N_("{where} shakes hands."), where=where, days=days, took_ms=round(told.took_s * 1000))


def door_of(url: str) -> tuple[str, int]:
    """Host and port of an https:// URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443


def sip_door(uri: str) -> tuple[str, int]:
    """Host and port of a SIP URI, which is reached by TLS; no host where it is none."""
    found = _SIP.match(uri)
    if found is None:
        return "", 0
    return found[1].strip("[]"), int(found[2] or _SIP_TLS_PORT)


def shake_hands(ca_file: Path | None) -> Handshake:
    """Verifies the chain against `ca_file` or the system's authorities, and the name."""

    def shake(host: str, port: int) -> Shaken:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        began = time.monotonic()
        with (
            socket.create_connection((host, port), HANDSHAKE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            ends = str((secure.getpeercert() or {}).get("notAfter", ""))
            return Shaken(ssl.cert_time_to_seconds(ends), time.monotonic() - began)

    return shake
