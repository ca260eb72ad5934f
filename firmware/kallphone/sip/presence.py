"""Whether an account is reachable, by OPTIONS (RFC 3261 section 11), which its provider answers itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import pjsua2 as pj

from kallphone.phone.events import Reachable
from kallphone.ports import Post, SipCredentials
from kallphone.sip.digest import digest_answer
from kallphone.sip.headers import account_of, addressee, status_of
from kallphone.sip.params import header

_log = logging.getLogger(__name__)

_OPTIONS = "OPTIONS"
_PROOFS = {401: "Authorization", 407: "Proxy-Authorization"}
_REACHABLE = {200: True, 404: False, 480: False}


@dataclass(frozen=True)
class _Question:
    number: str
    uri: str
    proved: bool = False


class Probes:
    """Questions that wait for their answers, by the account that they ask for; `send` is a pj.Account's."""

    def __init__(self, send: Callable[[pj.SendRequestParam], None], post: Post) -> None:
        self._send = send
        self._post = post
        self._open: dict[bytes, _Question] = {}

    def ask(self, number: str, uri: str) -> None:
        self._ask(_Question(number, uri))

    def answered(self, response: str, credentials: SipCredentials) -> None:
        question = self._open.pop(account_of(addressee(response)) or b"", None)
        status = status_of(response)
        if question is None:
            return
        if status in _PROOFS and not question.proved:
            user, password = credentials.username, credentials.password
            if proof := digest_answer(response, _OPTIONS, question.uri, user, password):
                self._ask(replace(question, proved=True), header(_PROOFS[status], proof))
        elif status in _REACHABLE:
            self._post(Reachable(question.number, _REACHABLE[status]))

    def _ask(self, question: _Question, *headers: pj.SipHeader) -> None:
        account = account_of(question.uri)
        if account is None:
            return
        self._open[account] = question
        request = pj.SendRequestParam()
        request.method = _OPTIONS
        request.txOption.targetUri = question.uri
        for each in headers:
            request.txOption.headers.append(each)
        try:
            self._send(request)
        except pj.Error as error:
            _log.info("The provider can't be asked who is reachable: %s", error.reason)
