from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from kallnet.account import Address, address_to_hex
from kallnet.deadline import DeadlineSession
from kallnet.entries import MAX_SIZE
from kallnet.mail_names import MAX_SIZE as MAX_SEALED
from kallnet.messages import CLIENT, Mail, Session, Voucher, to_json
from kallnet.typed import Message
from kallphone.payments import answers
from kallphone.payments.answers import (
    AgreementGrant,
    Answer,
    HeldMessage,
    SessionGrant,
    Terms,
    TransferReport,
)
from kallphone.payments.errors import (
    ProviderInvalid,
    ProviderRefused,
    ProviderUnreachable,
    ProviderUntrusted,
)
from kallphone.storage.transfers import SignedTransfer

CONNECT_S = 3.05  # a little over a multiple of TCP's first retransmission
ANSWER_S = 5.0
RELAY_S = 45.0  # the provider waits for the transaction's receipt
POST_MAIL_S = 60.0  # the longest message over a slow line
FETCH_MAIL_S = 15.0  # beyond the wait; what comes late in it is there at once the next time
MAX_ANSWER = 1 << 16
MAX_MAIL = 2 * MAX_SEALED  # base64, and what stands beside it
_CHUNK = 1 << 13


class ProviderApi:
    """One provider's HTTP API, for one thread. Raises ProviderError only.

    What changes nothing is tried twice; the rest once, since the caller can tell from the ledger, or from
    the provider's next answer, whether it was done.
    """

    def __init__(
        self, base_url: str, ca_file: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._http = DeadlineSession()
        if ca_file is not None:
            self._http.verify = str(ca_file)

    def close(self) -> None:
        self._http.close()

    def cut(self) -> None:
        """For another thread: whatever waits for an answer raises, now and from now on."""
        self._http.cut()

    def terms(self) -> Terms:
        return answers.terms(self._ask("GET", "v1/terms", attempts=2))

    def challenge(self, client: Address) -> bytes:
        answer = self._ask("POST", "v1/challenge", {"client": address_to_hex(client)}, attempts=2)
        return answer.data("challenge", 32)

    def open_session(self, session: Session, signature: bytes) -> SessionGrant:
        return answers.session(self._ask("POST", "v1/session", _proof(session, signature)))

    def agree(self, session: Session, signature: bytes) -> AgreementGrant:
        return answers.agreement(self._ask("POST", "v1/agreement", _proof(session, signature)))

    def relay(self, call: str, message: Message, signature: bytes, permit: bytes = b"") -> int:
        """The block in which the transaction was mined."""
        body = {"call": call, "message": to_json(message), "signature": _hex(signature)}
        if permit:
            body["permit_signature"] = _hex(permit)
        return self._ask("POST", "v1/relay", body, patience=RELAY_S).number("block", 2**64 - 1)

    def exit(self, session: Session, signature: bytes, provider: Address) -> int:
        """Ends the client's channel with `provider`; the block in which that was mined."""
        body = {**_proof(session, signature), "provider": address_to_hex(provider)}
        return self._ask("POST", "v1/exit", body, patience=RELAY_S).number("block", 2**64 - 1)

    def deliver(self, voucher: Voucher, signature: bytes) -> int:
        """The highest voucher that the provider holds now."""
        answer = self._ask("POST", "v1/vouchers", {**to_json(voucher), "signature": _hex(signature)})
        return answer.number("cumulative", answers.MAX_AMOUNT)

    def transfer(self, signed: SignedTransfer, *, skip: bool = False) -> TransferReport:
        """With `skip`, the provider is told that nothing comes between what it holds and this."""
        body: dict[str, Any] = {
            "message": to_json(signed.message),
            "cumulative": signed.cumulative,
            "signature": _hex(signed.signature),
        }
        if skip:
            body["skip"] = True
        return answers.transfer(self._ask("POST", "v1/transfers", body))

    def published(self, kind: int, account: Address) -> bytes:
        """An entry's bytes as the provider has them; whoever wants to believe them knows their hash."""
        path = f"query/{'entry' if kind == CLIENT else 'service'}/{address_to_hex(account)}"
        return self._ask("GET", path).blob("result", MAX_SIZE)

    def post_mail(self, mail: Mail, signature: bytes, sealed: bytes) -> None:
        body = {
            "message": to_json(mail),
            "signature": _hex(signature),
            "sealed": base64.b64encode(sealed).decode(),
        }
        self._ask("POST", "v1/mail", body, patience=POST_MAIL_S)

    def fetch_mail(self, username: str, password: str, wait: int) -> list[HeldMessage]:
        """The oldest messages; waits that many seconds for a first one where there is none."""
        path, token = f"v1/mail?wait={wait}", _token(username, password)
        return answers.mail(self._ask("GET", path, patience=wait + FETCH_MAIL_S, token=token))

    def delete_mail(self, username: str, password: str, id_: bytes) -> None:
        self._ask("DELETE", f"v1/mail/{_hex(id_)}", attempts=2, token=_token(username, password))

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        patience: float = ANSWER_S,
        attempts: int = 1,
        token: str = "",
    ) -> Answer:
        for _ in range(attempts - 1):
            try:
                return self._send(method, path, body, patience, token)
            except ProviderUnreachable:
                continue
        return self._send(method, path, body, patience, token)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, patience: float, token: str
    ) -> Answer:
        started = self._clock()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with (
                self._http.deadline(CONNECT_S + patience),
                self._http.request(
                    method, f"{self._base}/{path}", json=body, headers=headers, stream=True,
                    allow_redirects=False, timeout=(CONNECT_S, patience),
                ) as response,
            ):  # fmt: skip
                content = self._read(response, started + patience, MAX_MAIL if token else MAX_ANSWER)
        except requests.exceptions.SSLError as error:
            raise ProviderUntrusted(f"{self._base}: no trusted TLS connection: {_root(error)}") from None
        except requests.Timeout:
            raise ProviderUnreachable(f"{self._base}: no answer to {path} in {patience:g} s") from None
        except requests.RequestException as error:
            raise ProviderUnreachable(f"{self._base}: {_root(error)}") from None
        return _parse(response.status_code, content)

    def _read(self, response: requests.Response, deadline: float, longest: int) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > longest:
                raise ProviderInvalid(f"{self._base}: an answer of more than {longest} bytes")
            if self._clock() > deadline:
                raise ProviderUnreachable(f"{self._base}: no whole answer in time")
        return bytes(content)


def _parse(status: int, content: bytes) -> Answer:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if status == 200 and isinstance(body, dict):
        return Answer(body)
    if status < 400:
        raise ProviderInvalid(f"the provider answered with status {status} and no JSON object")
    words = body.get("error") if isinstance(body, dict) else None
    held = body.get("cumulative") if isinstance(body, dict) else None
    raise ProviderRefused(
        status,
        _printable(words) if isinstance(words, str) else "it gave no reason",
        held if type(held) is int and 0 <= held <= answers.MAX_AMOUNT else None,
    )


def _printable(words: str) -> str:
    return "".join(c for c in words[:200] if c.isprintable())


def _proof(session: Session, signature: bytes) -> dict[str, Any]:
    body = to_json(session)
    return {"client": body["client"], "challenge": body["challenge"], "signature": _hex(signature)}


def _token(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _root(error: BaseException) -> str:
    """The innermost reason: requests and urllib3 wrap theirs in several layers."""
    seen: BaseException = error
    while isinstance(inner := getattr(seen, "reason", None) or (seen.args or (None,))[-1], BaseException):
        seen = inner
    return f"{type(seen).__name__}: {seen}"[:200]
