from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from kallnet.transfers import TRANSFERS
from kallphone.demo.network import FLOAT_PERIODS, PRICE
from kallphone.demo.report import Report
from kallphone.demo.speech import LEAD_S, SENTENCES, SPEECH_S, make_speech, pesq_wb
from kallphone.demo.stage import CALL_S, LINE_S, DemoPhone, Say, Stage, Voice, stage
from kallphone.phone.meter import PERIOD_S

FUNDS = 5_000_000
"""kallCoin base units that a caller is given: more than its deposit."""

CLAIM_S = 60.0
END_S = 120.0

Story = Callable[[Path, Say], Awaitable[Report]]


async def call(folder: Path, say: Say) -> Report:
    """Two phones, one paid call with speech both ways."""
    report = Report("call")
    voices = await _voices(folder)
    async with stage(folder, say, voices) as on:
        await on.fund(on.a, FUNDS)
        await _connect(on, say, report)
        await asyncio.sleep(LEAD_S + SPEECH_S + 1.0)
        await _hang_up(on, say)
        await _settle(on, say, report)
        report.facts["screens_a"] = _screens(on.a)
    say("Comparing what was heard with what was said")
    for name, source, heard in (("a_to_b", voices[0], voices[1]), ("b_to_a", voices[1], voices[0])):
        assert source.speak is not None
        assert heard.record is not None
        score = await asyncio.to_thread(pesq_wb, source.speak, heard.record)
        report.facts[f"speech_{name}"] = round(score, 2)
        report.check(f"PESQ-WB of speech_{name} is at least 3.5", score >= 3.5)
    return report


async def no_credit(folder: Path, say: Say) -> Report:
    """A phone without money is told so before the other one rings."""
    report = Report("no-credit")
    async with stage(folder, say) as on:
        say("A has no money and dials B")
        await on.a.held.lift()
        await on.a.held.press(on.b.number)
        await on.a.held.wait_for(lambda phone: "No credit" in phone.text, CALL_S, "the words No credit")
        report.facts["screen_a"] = on.a.held.text
        report.facts["tone_a"] = on.a.held.tone
        await on.a.held.lower()
        rang = [event for event in on.b.held.events if event.name == "IncomingCall"]
        report.facts["b_rang"] = bool(rang)
        report.check("B never rings", not rang)
        report.check("A hears a tone that says no", report.facts["tone_a"] == "REORDER")
        report.facts["screens_a"] = _screens(on.a)
        await _no_gas(on, report)
    return report


async def vouchers_stop(folder: Path, say: Say) -> Report:
    """A phone that stops paying is cut off on both sides within the provider's float."""
    report = Report("vouchers-stop")
    async with stage(folder, say, options_of_a=("--withhold-vouchers-after", "1")) as on:
        await on.fund(on.a, FUNDS)
        await _connect(on, say, report)
        say("A pays one period and no more; waiting for the provider to cut it off")
        for phone, words in ((on.a, "Credit used up"), (on.b, "Their credit ran out")):
            await _reads(phone, words)
            report.facts[f"code_{phone.name.lower()}"] = phone.last("CallEnded")["code"]
            report.facts[f"screen_{phone.name.lower()}"] = phone.held.text
        seconds = on.a.last("LogCall")["seconds"]
        paid = on.a.last("VoucherAccepted")["cumulative"]
        unpaid = seconds // PERIOD_S * PRICE - paid
        report.facts |= {"cut_after_s": seconds, "served_unpaid": unpaid, "float": FLOAT_PERIODS * PRICE}
        report.check("what was served unpaid is within the float", unpaid <= FLOAT_PERIODS * PRICE)
        report.check(
            "both sides learn the cause 402", report.facts["code_a"] == report.facts["code_b"] == 402
        )
        await _lower_both(on)
        await _settle(on, say, report, voucher=paid)
    return report


async def provider_dies(folder: Path, say: Say) -> Report:
    """Kamailio is killed in the middle of a call and comes back."""
    report = Report("provider-dies")
    async with stage(folder, say) as on:
        await on.fund(on.a, FUNDS)
        await _connect(on, say, report)
        await asyncio.sleep(3.0)
        say("Killing Kamailio")
        await on.network.kill_kamailio()
        for phone in (on.a, on.b):
            await _reads(phone, "Connection lost")
            report.facts[f"screen_{phone.name.lower()}"] = phone.held.text
        await _lower_both(on)
        say("Starting Kamailio again")
        await on.network.start_kamailio()
        for phone in (on.a, on.b):
            await phone.held.wait_for(lambda held: held.lamps["line"], LINE_S, "its line again")
        report.facts["reconnected"] = True
        await _settle(on, say, report)
        say("Calling once more")
        await _connect(on, say, report)
        await _hang_up(on, say)
        await _settle(on, say, report)
    return report


async def crash(folder: Path, say: Say) -> Report:
    """Phone A loses its power in the middle of a call and goes on from its last voucher."""
    report = Report("crash")
    async with stage(folder, say) as on:
        await on.fund(on.a, FUNDS)
        await _connect(on, say, report)
        await on.a.held.wait_for(
            lambda held: sum(event.name == "VoucherAccepted" for event in held.events) >= 2,
            60.0,
            "a second voucher",
        )
        before = on.a.last("VoucherAccepted")["cumulative"]
        say("Killing phone A")
        on.a.held.kill()
        await on.a.held.wait()
        await on.b.held.wait_for_event("CallEnded", 120.0)
        await on.b.held.lower()
        say("Starting phone A again")
        await on.a.restart()
        resumed = on.a.last("LineOpened")["credit"]["signed"]
        report.facts |= {"voucher_before_crash": before, "resumed_from": resumed}
        report.check("A resumes from its last voucher", resumed == before)
        await _connect(on, say, report)
        await on.a.held.wait_for_event("VoucherAccepted", CALL_S)
        await _hang_up(on, say)
        await _settle(on, say, report)
        report.check("the next voucher is above the last", report.facts["voucher_cumulative"] > before)
    return report


async def transfers(folder: Path, say: Say) -> Report:
    """A provider that wants no escrow: each period is a transfer of coins of its own."""
    report = Report("transfers")
    async with stage(folder, say, rail=TRANSFERS) as on:
        await on.fund(on.a, FUNDS)
        before = await on.network.coin_balance(on.network.provider)
        await _connect(on, say, report)
        await on.a.held.wait_for(
            lambda held: sum(event.name == "VoucherAccepted" for event in held.events) >= 2,
            60.0,
            "a second payment",
        )
        await _hang_up(on, say)
        say("Waiting for the last transfer to be mined")
        periods = sum(e.fields["periods"] for e in on.a.held.events if e.name == "EndPayment")
        gain = await _gained(on, before, periods * PRICE)
        spent = FUNDS - await on.network.coin_balance(on.a.account)
        deposited = (await on.network.channel(on.a.account)).deposited
        report.facts |= {"periods": periods, "earned_on_chain": gain, "spent_on_chain": spent}
        report.check("at least two periods are paid", periods >= 2)
        report.check("the provider has earned each period once", gain == periods * PRICE)
        report.check("the phone has spent just that", spent == gain)
        report.check("nothing is on deposit", deposited == 0)
        await _no_gas(on, report)
        report.facts["screens_a"] = _screens(on.a)
    return report


STORIES: dict[str, Story] = {
    "call": call,
    "no-credit": no_credit,
    "vouchers-stop": vouchers_stop,
    "provider-dies": provider_dies,
    "crash": crash,
    "transfers": transfers,
}


async def _voices(folder: Path) -> tuple[Voice, Voice]:
    folder.mkdir(parents=True, exist_ok=True)
    said = (folder / "a-says.wav", folder / "b-says.wav")
    await asyncio.gather(
        make_speech(said[0], "en-us+f2", SENTENCES[0]), make_speech(said[1], "en-us+f3", SENTENCES[1])
    )
    return (
        Voice(said[0].resolve(), (folder / "a-hears.wav").resolve()),
        Voice(said[1].resolve(), (folder / "b-hears.wav").resolve()),
    )


async def _connect(on: Stage, say: Say, report: Report) -> None:
    """A lifts, dials B's ten digits; B rings, shows A's number, answers; media flows."""
    a, b = on.a.held, on.b.held
    seen_a, seen_b = len(a.events), len(b.events)
    say(f"A dials {on.b.number}")
    await a.lift()
    await a.wait_for(lambda phone: phone.tone == "DIAL", CALL_S, "dial tone")
    await a.press(on.b.number)
    await a.wait_for(lambda phone: phone.tone == "RINGBACK", CALL_S, "ringback")
    dialled = [event.t for event in a.events[seen_a:] if event.name == "KeyPressed"][-1]
    ringback = a.tones[-1][0]
    await b.wait_for(lambda phone: phone.ringer and _grouped(on.a.number) in phone.text, CALL_S, "A's number")
    report.facts["b_shows_number_of_a"] = True
    say("B rings, shows A's number and answers")
    await b.lift()
    started = [
        await phone.wait_for_event("MediaStarted", CALL_S, since=seen)
        for phone, seen in ((a, seen_a), (b, seen_b))
    ]
    codecs = {event.fields["codec"] for event in started}
    suites = {event.fields["srtp"] for event in started}
    report.facts |= {
        "answered": any(event.name == "CallAnswered" for event in a.events[seen_a:]),
        "codec": " / ".join(sorted(codecs)),
        "srtp": " / ".join(sorted(suites)),
        "post_dial_delay_ms": round((ringback - dialled) * 1000, 1),
    }
    report.check("the call is answered", report.facts["answered"])
    report.check("both sides use Opus", len(codecs) == 1 and "opus" in report.facts["codec"].lower())
    report.check("both sides use DTLS-SRTP", all("DTLS" in suite for suite in suites))


async def _reads(phone: DemoPhone, words: str) -> None:
    await phone.held.wait_for(lambda held: words in held.text, END_S, f"the words {words}")


async def _hang_up(on: Stage, say: Say) -> None:
    say("A hangs up")
    await on.a.held.lower()
    await on.b.held.wait_for(lambda phone: not phone.in_call, CALL_S, "the end of the call")
    await on.b.held.lower()


async def _lower_both(on: Stage) -> None:
    for phone in (on.a.held, on.b.held):
        await phone.lower()
        await phone.wait_for(lambda held: held.tone is None and not held.in_call, CALL_S, "silence")


async def _settle(on: Stage, say: Say, report: Report, voucher: int | None = None) -> None:
    """Waits for the provider's claim and compares it, on the chain, with the highest voucher."""
    say("Waiting for the provider's claim")
    signed = voucher if voucher is not None else _signed(on.a)
    report.facts["periods"] = sum(e.fields["periods"] for e in on.a.held.events if e.name == "EndPayment")
    report.facts["voucher_cumulative"] = signed
    claimed = await _claimed(on, signed)
    report.facts["claimed_on_chain"] = claimed
    report.check("the claim on the chain equals the voucher", claimed == signed > 0)
    await _no_gas(on, report)


async def _claimed(on: Stage, expected: int) -> int:
    async def claimed() -> int:
        return (await on.network.channel(on.a.account)).claimed

    return await _reached(claimed, expected)


async def _gained(on: Stage, before: int, expected: int) -> int:
    async def gain() -> int:
        return await on.network.coin_balance(on.network.provider) - before

    return await _reached(gain, expected)


async def _reached(read: Callable[[], Awaitable[int]], expected: int) -> int:
    """What is read once it is as much as expected, or when patience ends."""
    deadline = asyncio.get_running_loop().time() + CLAIM_S
    while (value := await read()) < expected and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.25)
    return value


async def _no_gas(on: Stage, report: Report) -> None:
    used = await on.network.gas_used_by([on.a.account, on.b.account])
    report.facts["gas_used_by_phones"] = used
    report.check("the phones use no gas", used == 0)


def _signed(phone: DemoPhone) -> int:
    return int(phone.last("SignVoucher").get("cumulative", 0))


def _screens(phone: DemoPhone) -> list[str]:
    texts: list[Any] = [screen.text for screen in phone.held.screens]
    return [text for index, text in enumerate(texts) if index == 0 or text != texts[index - 1]]


def _grouped(number: str) -> str:
    return f"{number[:3]} {number[3:6]} {number[6:]}"
