from __future__ import annotations

import re

import pytest
from tests.sip.conftest import MakeAgent, answered_call, settled
from tests.sip.driver import Agent, until
from tests.sip.message import SipMessage
from tests.sip.proxy import SipProxy
from tests.sip.tampering import (
    Change,
    at_media_level,
    garbled,
    line_of,
    other_case,
    replaying,
    stripped,
    swapped,
    to,
    twice,
)

pytestmark = pytest.mark.sip

REFUSED = 438
BREAKING: list[Change] = [swapped, twice, garbled]
HIDING: list[Change] = [stripped, at_media_level]
CALLS_IN_A_ROW = 100


def place(caller: Agent, callee: Agent, number: int = 1) -> None:
    caller.tell("place", call=number, uri=f"sip:{callee.name}@test")


def answer(callee: Agent) -> int:
    incoming: int = callee.wait("IncomingCall")["call"]
    callee.tell("answer", call=incoming)
    return incoming


def identities(proxy: SipProxy) -> list[str]:
    return [line_of(message.body) for message in proxy.seen if "a=identity:" in message.body]


def heard_nothing(caller: Agent, callee: Agent) -> None:
    """Stops both, so that nothing can come any more."""
    for side in (caller, callee):
        side.stop()
        assert side.count("CallAnswered") == side.count("MediaStarted") == 0


def test_both_phones_say_who_they_are(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    assert callee.count("IncomingCall", verified=True, diverted_from="") == 1
    assert caller.count("CallAnswered", call=1, verified=True) == 1
    assert callee.count("CallAnswered", call=incoming, verified=True) == 1
    [offered] = {line_of(invite.body) for invite in proxy.requests("INVITE")}
    assert f"signer={caller.name};" in offered
    assert {re.search(r"signer=(\w+)", line)[1] for line in identities(proxy)} == {caller.name, callee.name}


@pytest.mark.parametrize("change", BREAKING)
def test_a_broken_offer_never_rings(make_phone: MakeAgent, proxy: SipProxy, change: Change) -> None:
    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("offer", change)
    place(caller, callee)
    assert caller.wait("CallEnded")["code"] == REFUSED
    refused = callee.wait("CallRefused", caller=caller.account.hex())
    assert "on the way" in refused["words"]
    assert 180 not in proxy.responses("INVITE")
    heard_nothing(caller, callee)
    assert callee.count("IncomingCall") == callee.count("CallEnded") == 0


@pytest.mark.parametrize("change", BREAKING)
def test_a_broken_answer_is_never_heard(make_phone: MakeAgent, proxy: SipProxy, change: Change) -> None:
    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("answer", change)
    place(caller, callee)
    answer(callee)
    ended = caller.wait("CallEnded")
    assert ended["code"] == REFUSED
    assert "on the way" in ended["words"]
    assert callee.wait("CallEnded")["code"] == REFUSED
    caller.stop()
    assert caller.count("CallAnswered") == caller.count("MediaStarted") == 0
    assert callee.count("MediaStarted") == 0


@pytest.mark.parametrize("change", HIDING)
def test_a_hidden_identity_is_told_before_it_rings(
    make_phone: MakeAgent, proxy: SipProxy, change: Change
) -> None:
    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("offer", change)
    place(caller, callee)
    incoming = callee.wait("IncomingCall", verified=False)["call"]
    callee.tell("reject", call=incoming, code=428)
    assert caller.wait("CallEnded")["code"] == 428
    assert 180 not in proxy.responses("INVITE")
    heard_nothing(caller, callee)


@pytest.mark.parametrize("change", HIDING)
def test_a_hidden_identity_of_the_answer_is_told(
    make_phone: MakeAgent, proxy: SipProxy, change: Change
) -> None:
    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("answer", change)
    place(caller, callee)
    answer(callee)
    caller.wait("CallAnswered", call=1, verified=False)


def test_swapped_on_both_ways(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("both", swapped)
    place(caller, callee)
    assert caller.wait("CallEnded")["code"] == REFUSED
    heard_nothing(caller, callee)


def test_an_unsigned_swap_gives_no_sound(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(media_timeout_s=3.0), make_phone(media_timeout_s=3.0)
    proxy.tamper = to("both", lambda body: swapped(stripped(body)))
    place(caller, callee)
    answer(callee)
    for side in (caller, callee):
        assert side.wait("CallEnded")["code"] == 488
        assert side.count("MediaStarted") == 0


def test_the_case_of_a_fingerprint_does_not_matter(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("both", other_case)
    answered_call(caller, callee)
    assert callee.count("IncomingCall", verified=True) == caller.count("CallAnswered", verified=True) == 1


@pytest.mark.parametrize("where", ["offer", "answer"])
def test_an_old_identity_does_not_hold_for_another_call(
    make_phone: MakeAgent, proxy: SipProxy, where: str
) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    caller.tell("hang_up", call=1)
    callee.wait("CallEnded", call=incoming)
    of = caller if where == "offer" else callee
    proxy.tamper = to(where, replaying([line for line in identities(proxy) if of.name in line]))
    place(caller, callee, 3)
    if where == "answer":
        answer(callee)
    else:
        callee.wait("CallRefused")
    assert caller.wait("CallEnded", call=3)["code"] == REFUSED


def test_another_s_name_does_not_hold(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee, third = make_phone(), make_phone(), make_phone()

    def impersonate(message: SipMessage) -> None:
        if message.method == "INVITE":
            message.headers = [
                (name, value.replace(caller.name, third.name) if name == "From" else value)
                for name, value in message.headers
            ]

    proxy.tamper = impersonate
    place(caller, callee)
    callee.wait("CallRefused", caller=third.account.hex())
    callee.stop()
    assert callee.count("IncomingCall") == 0


@pytest.mark.parametrize(("seconds", "when"), [(3600, "60 min in the future"), (-7300, "121 min ago")])
def test_a_wrong_clock_is_named(make_phone: MakeAgent, seconds: int, when: str) -> None:
    caller, callee = make_phone(clock_off=seconds), make_phone()
    place(caller, callee)
    words = callee.wait("CallRefused")["words"]
    assert when in words
    assert "see that the phone is on the network" in words
    assert caller.wait("CallEnded")["code"] == REFUSED


def test_a_phone_that_never_signs_is_not_verified(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(mute=True), make_phone(mute=True)
    answered_call(caller, callee)
    assert callee.count("IncomingCall", verified=False) == caller.count("CallAnswered", verified=False) == 1


def test_early_sound_of_an_unsigned_description_counts_for_the_whole_call(
    make_phone: MakeAgent, proxy: SipProxy
) -> None:
    caller, callee = make_phone(), make_phone()
    answered: list[SipMessage] = []

    def foist(message: SipMessage) -> None:
        """The answer comes twice: as early media without a name, then as it was."""
        if message.is_response and message.method == "INVITE" and message.status == 200 and not answered:
            answered.append(message)
            early = SipMessage("SIP/2.0 183 Session Progress", list(message.headers))
            early.body = swapped(stripped(message.body))
            proxy.send_back(early)

    proxy.tamper = foist
    place(caller, callee)
    answer(callee)
    caller.wait("CallAnswered", call=1, verified=False)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_later_offer_is_signed_and_changes_nothing(
    make_phone: MakeAgent, proxy: SipProxy, method: str
) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    settled(proxy)
    before = len(proxy.seen)
    for side, call in ((caller, 1), (callee, incoming)):
        side.tell("offer", call=call, method=method)
        until(lambda name=side.name: any(name in message.body for message in proxy.seen[before:]))
        settled(proxy)
    caller.tell("hang_up", call=1)
    for side in (caller, callee):
        assert side.wait("CallEnded")["code"] == 200


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("where", ["offer", "answer"])
@pytest.mark.parametrize("change", [swapped, lambda body: swapped(stripped(body))])
def test_another_fingerprint_within_a_call_ends_it(
    make_phone: MakeAgent, proxy: SipProxy, method: str, where: str, change: Change
) -> None:
    caller, callee = make_phone(), make_phone()
    answered_call(caller, callee)
    settled(proxy)
    proxy.tamper = to(where, change)
    caller.tell("offer", call=1, method=method)
    deceived, other = (callee, caller) if where == "offer" else (caller, callee)
    assert "on the way" in deceived.wait("CallEnded")["words"]
    assert other.wait("CallEnded")["code"] == REFUSED


def test_an_offer_that_is_asked_of_us_ends_a_verified_call(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    answered_call(caller, callee)
    settled(proxy)

    def hollow(message: SipMessage) -> None:
        if message.start.startswith("INVITE"):
            message.pop("Content-Type")
            message.body = ""

    proxy.tamper = hollow
    caller.tell("offer", call=1, method="INVITE")
    for side in (caller, callee):
        assert side.wait("CallEnded")["code"] == REFUSED


def test_nobody_is_put_in_another_s_place(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee, third = make_phone(), make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    call_id = proxy.requests("INVITE")[0].get("Call-ID")
    answer_ = next(m for m in proxy.seen if m.is_response and m.method == "INVITE" and m.status == 200)
    tags = [re.search(r"tag=([^;]+)", answer_.get(name))[1] for name in ("To", "From")]
    replaces = f"{call_id};to-tag={tags[0]};from-tag={tags[1]}"

    def replace(message: SipMessage) -> None:
        if message.start.startswith("INVITE"):
            message.push("Replaces", replaces)

    proxy.tamper = replace
    place(third, callee)
    assert third.wait("CallEnded")["code"] == 603
    callee.tell("hang_up", call=incoming)
    assert caller.wait("CallEnded")["words"] == "The far end hung up"


def test_a_hundred_honest_calls(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    for number in range(1, 2 * CALLS_IN_A_ROW, 2):
        place(caller, callee, number)
        callee.tell("answer", call=callee.wait("IncomingCall", verified=True)["call"])
        caller.wait("CallAnswered", call=number, verified=True)
        caller.wait("MediaStarted", call=number)
        caller.tell("hang_up", call=number)
        callee.wait("CallEnded")
    assert caller.count("CallEnded", code=200) == callee.count("CallEnded", code=200) == CALLS_IN_A_ROW
    assert callee.count("CallRefused") == 0
