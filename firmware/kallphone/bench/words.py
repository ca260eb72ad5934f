from __future__ import annotations

from kallphone.bench.held import Reported
from kallphone.phone.causes import ANNOUNCEMENTS, Cause
from kallphone.phone.dialplan import grouped
from kallphone.phone.meter import a_minute
from kallphone.phone.money import coins


def in_words(event: Reported) -> str | None:
    """What happened in a phone, for a person who watches; None for what is no news to one."""
    try:
        return _of_a_call(event) or _of_the_line(event) or _of_mail(event)
    except (KeyError, TypeError, ValueError):
        return None  # an event that has changed its fields is no reason to break the page


def _of_a_call(event: Reported) -> str | None:
    told = event.fields
    match event.name:
        case "Resolve":
            return f"asks the ledger for {grouped(told['number'])}"
        case "RouteFound":
            return f"found a way there for {_a_minute(told['route']['price'])}"
        case "PlaceCall":
            return "calls"
        case "FarEndRinging":
            return "hears that it rings there"
        case "IncomingCall":
            return "is called"
        case "CallerIdentified":
            return f"reads who calls: {grouped(told['number']) or 'an account without a number'}"
        case "CallAnswered":
            return "is in a call"
        case "MediaStarted":
            return f"has secure sound: {told['codec'].split('/')[0]} over {told['srtp'].split()[0]}"
        case "LogCall":
            return _logged(event)
        case "CallMeasured":
            return f"measured {100 * told['loss']:.1f} % loss, {told['jitter']:.0f} ms jitter"
        case _:
            return _of_money(event)


def _of_money(event: Reported) -> str | None:
    told = event.fields
    match event.name:
        case "VoucherAccepted":
            return f"paid: the provider took the voucher for {coins(told['cumulative'])}"
        case "VoucherRefused":
            return f"could not pay: {told['words']}"
        case "SessionRefused" | "RouteNotFound":
            return f"can't call: {ANNOUNCEMENTS[Cause[told['cause']]].headline}"
        case _:
            return None


def _of_the_line(event: Reported) -> str | None:
    told = event.fields
    match event.name:
        case "LineProgressed" | "LineFailed":
            return f"line: {' '.join(told['words'].split())}"
        case "LineOpened":
            return f"has a line, and the number {grouped(told['number'])}"
        case "SipUnregistered":
            return f"lost its registration: {told['words'] or told['code'] or 'no answer'}"
        case "CreditChanged":
            credit = told["credit"]
            left = max(0, credit["deposited"] - credit["signed"])
            return f"has {coins(left)} kallCoin on deposit, {coins(told['balance'])} in its purse"
        case _:
            return None


def _of_mail(event: Reported) -> str | None:
    told = event.fields
    match event.name:
        case "SendText":
            return f"writes to {grouped(told['number'])}"
        case "MessageSent":
            return f"its message is {told['state'].lower()}"
        case "MessageArrived":
            return f"has a message from {grouped(told['message']['number']) or 'somebody'}"
        case "RecordingArrived":
            return f"has a voicemail of {told['recording']['seconds']} s"
        case "CallForwarded":
            return f"is sent on to {grouped(told['number'])}"
        case "CallRefused":
            return "refused a call from somebody who is not who they say"
        case _:
            return None


def _logged(event: Reported) -> str:
    told = event.fields
    said = ANNOUNCEMENTS[Cause[told["cause"]]].headline
    talked = f" after {told['seconds']} s" if told["seconds"] else ""
    paid = f", {coins(told['paid'])} kallCoin paid" if told["paid"] else ""
    return f"call over{talked}: {said}{paid}"


def _a_minute(price: int) -> str:
    return f"{coins(a_minute(price))} kallCoin a minute" if price else "nothing"
