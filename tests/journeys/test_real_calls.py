"""Journeys on real SIP: three phones, each a process, through Kamailio, kallprovider and the chain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kallphone.demo.stage import Voice
from tests.journeys.street import Neighbour, Street, open_street

pytestmark = [pytest.mark.provider, pytest.mark.sip, pytest.mark.chain]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with open_street(tmp_path_factory.mktemp("street"), [Voice()] * 3) as street:
        yield street


async def talk(one: Neighbour, other: Neighbour) -> None:
    await one.call(other)
    await other.rings()
    await other.lift()
    await one.talks()
    await other.talks()


def test_both_sides_see_who_that_is_proved_end_to_end(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await a.call(b)
        await b.reads("Incoming call", grouped(a.number), "Verified")
        await b.lift()
        await a.reads("Verified", "Cost 0.02")
        await b.reads("Verified")
        since = b.seen
        await a.lower()
        await b.is_told("CallEnded", since)
        await b.reads("Call ended")

    street.run(journey)


def test_a_second_call_waits_and_is_taken_by_a_flash(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await talk(a, b)
        await c.call(b)
        await b.reads("Another call", grouped(c.number))
        await b.hears("WAITING")
        await c.hears("RINGBACK")
        await b.flash()
        await c.talks()
        await a.reads("You are on hold")
        await b.flash()
        await b.press("2")
        await c.reads("You are on hold")
        await b.reads(grouped(a.number))

    street.run(journey)


def test_hold_consult_and_come_back(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await talk(a, b)
        await a.flash()
        await a.hears("RECALL")
        await b.reads("You are on hold")
        await a.press(c.number)
        await c.rings()
        await c.lift()
        await a.talks()
        await c.lower()
        await a.reads("Call ended")
        await a.talks()
        await b.reads("Verified")

    street.run(journey)


def test_three_talk_with_each_other_and_two_go_on(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await talk(a, b)
        await a.flash()
        await a.press(c.number)
        await c.rings()
        await c.lift()
        await a.talks()
        await a.flash()
        await a.press("3")
        await a.reads("+")
        await b.reads("Verified")
        await c.lower()
        await a.reads(grouped(b.number))
        await a.talks()

    street.run(journey)


def test_an_attended_transfer_leaves_two_connected_and_paying_themselves(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await talk(a, b)
        await b.flash()
        await b.press(c.number)
        await c.rings()
        await c.lift()
        await b.talks()
        since = a.seen
        await b.flash()
        await b.press("4")
        await b.reads("Put through", "They pay from here")
        await a.is_told("VoucherAccepted", since)
        await a.reads(grouped(c.number))
        await c.reads(grouped(a.number))

    street.run(journey)


def test_a_blind_transfer_asks_whoever_would_pay_from_now_on(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await talk(a, b)
        await a.hold("#")
        await a.press("4")
        await a.reads("Put through")
        await a.press(c.number)
        await b.reads("You pay", "0.08 a minute")
        await b.agrees()
        await c.rings()
        await c.lift()
        await b.reads(grouped(c.number))
        await a.reads("They pay from here")

    street.run(journey)


def test_calls_are_sent_on_always(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await b.lift()
        await b.press(f"*72{c.number}#")
        await b.reads("Done")
        await b.lower()
        await a.call(b)
        await c.rings()
        await a.reads("orwarded")
        await c.lift()
        await a.talks()
        await a.lower()
        await b.lift()
        await b.press("*73")
        await b.reads("Done")

    street.run(journey)


def test_do_not_disturb_turns_callers_away(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await b.lift()
        await b.press("*78")
        await b.reads("Done")
        await b.lower()
        await a.call(b)
        await a.reads("Not reachable")
        await a.lower()
        await b.reads("Missed calls: 1")
        await b.lift()
        await b.press("*79")
        await b.reads("Done")

    street.run(journey)


def test_a_caller_is_declined_by_a_key(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await a.call(b)
        await b.rings()
        await b.press("*")
        await a.reads("Declined")

    street.run(journey)


def test_redial_and_a_missed_call(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        for _ in range(2):
            await a.call(b) if not _ else await redial(a)
            await b.rings()
            await a.lower()
            await b.reads("Missed calls")
        await b.lift()
        await b.lower()

    async def redial(a: Neighbour) -> None:
        await a.lift()
        await a.hears("DIAL")
        await a.press("#")

    street.run(journey)


def test_a_number_is_dialled_before_the_handset_is_lifted(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await a.press(b.number)
        await a.reads(grouped(b.number), "Lift to call")
        await a.lift()
        await b.rings()

    street.run(journey)


def test_a_call_that_waits_rings_when_the_first_one_is_over(street: Street):
    async def journey(a: Neighbour, b: Neighbour, c: Neighbour) -> None:
        await talk(a, b)
        await c.call(b)
        await b.hears("WAITING")
        await b.lower()
        await b.rings()
        await b.lift()
        await c.talks()

    street.run(journey)


def grouped(number: str) -> str:
    return f"{number[:3]} {number[3:6]} {number[6:]}"
