"""What pjsua2 wants to be given, and what it gives."""

from __future__ import annotations

import pjsua2 as pj


def call_options(code: int = 0, *headers: pj.SipHeader) -> pj.CallOpParam:
    options = pj.CallOpParam(True)
    options.statusCode = code
    for each in headers:
        options.txOption.headers.append(each)
    options.opt.audioCount = 1
    options.opt.videoCount = 0
    options.opt.textCount = 0
    return options


def header(name: str, value: str) -> pj.SipHeader:
    made = pj.SipHeader()
    made.hName, made.hValue = name, value
    return made


def request_in(prm: pj.OnCallStateParam) -> str:
    """The request that caused a change of state, empty where something else did."""
    message = message_in(prm)
    return "" if message.startswith("SIP/2.0 ") else message


def message_in(
    prm: pj.OnCallStateParam | pj.OnCallTsxStateParam | pj.OnCallRedirectedParam | pj.OnSendRequestParam,
) -> str:
    """The message that came in and caused this, empty where something else did."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE or event.body.tsxState.type != pj.PJSIP_EVENT_RX_MSG:
        return ""
    message: str = event.body.tsxState.src.rdata.wholeMsg
    return message
