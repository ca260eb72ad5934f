from __future__ import annotations

import base64

import pytest
from selenium.webdriver.common.keys import Keys

from tests.bench_page.demo import Demo
from tests.bench_page.page import Page

pytestmark = pytest.mark.bench_page

# ITU-T E.180: German call progress tones are 425 Hz; a bin of the page's meter is 2.9 Hz wide.
TONE_HZ = 425
BIN_HZ = 3.0
AUDIBLE = 0.01


def hears_tone(page: Page, phone: int) -> bool:
    rms, hz = page.heard(phone)
    return rms > AUDIBLE and abs(hz - TONE_HZ) <= BIN_HZ


def hears_speech(page: Page, phone: int) -> bool:
    rms, hz = page.heard(phone)
    return rms > AUDIBLE and 80 < hz < 4000 and abs(hz - TONE_HZ) > BIN_HZ


def hears_ringer(page: Page) -> bool:
    rms, hz = page.rung()
    return rms > AUDIBLE and 1000 < hz < 1400


def is_silent(page: Page, phone: int) -> bool:
    return page.heard(phone)[0] < 0.001


def test_a_call_by_mouse_is_made_heard_paid_and_hung_up(demo: Demo, page: Page):
    claims = len(page.news("ledger"))
    page.reads(0, "Credit 5.00")
    page.of(0, ".handset").click()
    page.until(lambda: page.state(0) == "In the ear: Dial tone", "the dial tone")
    page.until(lambda: hears_tone(page, 0), "425 Hz in the page's sound")
    for digit in demo.on.b.number:
        page.of(0, f"[data-key='{digit}']").click()
    page.until(lambda: page.state(1).startswith("Ringing"), "the ringer")
    page.until(lambda: hears_ringer(page), "the ringer's two tones")
    page.until(lambda: "rings" in (page.all(".phone")[1].get_attribute("class") or ""), "a ringing picture")
    page.until(lambda: page.state(0) == "In the ear: It rings there", "ringback")
    page.of(1, ".handset").click()
    page.until(lambda: page.state(0) == page.state(1) == "In a call", "the call")
    page.until(lambda: is_silent(page, 1), "silence before anybody speaks")
    page.of(0, ".speak").click()
    page.until(lambda: hears_speech(page, 1), "A's voice in B's ear")
    page.told("A", "paid: the provider took the voucher for 0.02")
    page.of(0, ".handset").click()
    page.until(lambda: page.state(0) == "Handset down", "A's handset down")
    page.until(lambda: page.state(1) == "In the ear: Busy tone", "B's busy tone")
    page.until(lambda: is_silent(page, 0), "silence on the hook")
    page.of(1, ".handset").click()
    page.told("A", "Call ended, 0.02 kallCoin paid")
    page.told("ledger", "the provider claimed 0.02 kallCoin of A's vouchers", before=claims)


def test_a_call_by_keyboard_alone(demo: Demo, page: Page):
    claims = len(page.news("ledger"))
    page.type("h")
    page.until(lambda: page.state(0) == "In the ear: Dial tone", "the dial tone")
    page.until(lambda: hears_tone(page, 0), "425 Hz in the page's sound")
    page.type(*demo.on.b.number)
    page.until(lambda: page.state(1).startswith("Ringing"), "the ringer")
    page.type(Keys.ARROW_RIGHT, Keys.ENTER)
    page.until(lambda: page.state(0) == page.state(1) == "In a call", "the call")
    page.until(lambda: is_silent(page, 0), "silence before anybody speaks")
    page.type("s")
    page.until(lambda: hears_speech(page, 0), "B's voice in A's ear")
    page.told("A", "paid: the provider took the voucher")
    page.type(Keys.ESCAPE)
    page.until(lambda: page.state(1) == "Handset down", "B's handset down")
    page.until(lambda: page.state(0) == "In the ear: Busy tone", "A's busy tone")
    page.type(Keys.ARROW_LEFT, "h")
    page.until(lambda: page.state(0) == "Handset down", "A's handset down")
    page.told("ledger", "the provider claimed", before=claims)


def test_a_persons_own_voice_goes_into_the_phone(page: Page):
    page.of(0, ".dial").click()
    page.until(lambda: page.state(1).startswith("Ringing"), "the ringer")
    page.of(1, ".handset").click()
    page.until(lambda: page.state(0) == page.state(1) == "In a call", "the call")
    page.until(lambda: is_silent(page, 1), "silence before anybody talks")
    page.of(0, ".state").click()
    page.type(Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    page.key_down("t")
    page.until(lambda: page.browser.execute_script("return bench.said(0)") > 1.5, "a beep or two")
    assert is_silent(page, 1)
    page.key_up("t")
    page.until(lambda: page.heard(1)[0] > AUDIBLE, "the beeps in B's ear")


def test_everything_is_reached_by_tab_and_has_a_name(page: Page):
    names = []
    for _ in range(40):
        page.type(Keys.TAB)
        script = "const at = document.activeElement; return at.getAttribute('aria-label') ?? at.innerText"
        names.append(page.browser.execute_script(script))
    assert {"Listen", "Call B", "Call A", "Killed", "Frozen", "Take all", "20 %", "Cut"} <= set(names)
    assert any(name.startswith("Phone B, ") for name in names)
    assert all(names)


def test_the_glass_shows_what_the_driver_drew(demo: Demo, page: Page):
    page.of(0, ".handset").click()
    page.until(lambda: page.state(0) == "In the ear: Dial tone", "the dial tone")
    page.reads(0, "Dial")
    lit = (
        "const canvas = document.querySelector('canvas');"
        "const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        "const reds = data.filter((_, at) => at % 4 == 0);"
        "return [canvas.width, canvas.height, Array.from(reds, (red) => Number(red > 128)).join('')]"
    )
    frame = demo.on.a.held.frame
    assert frame is not None
    drawn = "".join(f"{byte:08b}" for byte in base64.b64decode(frame.bits))
    assert page.browser.execute_script(lit) == [frame.width, frame.height, drawn]
    assert "1" in drawn


def test_a_key_can_be_held(demo: Demo, page: Page):
    held = demo.on.b.held
    seen = len(held.events)
    page.hold(page.of(1, "[data-key='9']"))
    demo.run(held.wait_for_event("KeyHeld", 30, since=seen, key="9"))
    page.let_go()
    page.until(lambda: not page.all(".key.down"), "the key up")
    page.type("7")  # to the phone that was touched last
    demo.run(held.wait_for_event("KeyPressed", 30, since=seen, key="7"))


def test_one_phone_at_a_time_on_a_telephones_screen(demo: Demo, small_page: Page):
    page = small_page
    width = "return document.documentElement.scrollWidth"
    assert page.browser.execute_script(width) == 390
    left = "return document.querySelectorAll('.phone')[{}].getBoundingClientRect().left"
    for index, tab in enumerate(page.all("#tabs button")[:2]):
        tab.click()
        page.until(lambda at=index: page.browser.execute_script(left.format(at)) == 0, f"phone {index}")
        page.until(lambda tab=tab: tab.get_attribute("aria-current") == "true", "its tab")
    page.of(1, ".handset").click()
    page.until(lambda: hears_tone(page, 1), "425 Hz in the page's sound")
    page.of(1, "[data-key='7']").click()
    page.reads(1, "7")
    for tab in page.all("#tabs button")[2:]:
        tab.click()
    page.until(lambda: page.one("[data-control=chain]").is_displayed(), "the controls")


def test_a_provider_that_dies_shows_and_comes_back(page: Page):
    page.choose("signalling", "Killed")
    try:
        for phone, name in enumerate("AB"):
            page.until(lambda at=phone: page.lamp(at, "line") == "off", f"phone {phone} without a line")
            page.told(name, "lost its registration")
        page.told("bench", "Provider: calls: killed")
        page.of(0, ".dial").click()
        page.until(lambda: "reorder" in page.state(0).lower(), "a tone that says no")
        page.type(Keys.ESCAPE)
    finally:
        page.choose("signalling", "Running")
    for phone in (0, 1):
        page.until(lambda at=phone: page.lamp(at, "line") == "on", f"phone {phone} with its line again")


def test_a_bad_network_is_heard_and_measured(demo: Demo, page: Page):
    page.choose("loss-B", "20 %")
    page.told("bench", "B: restarts, and loses 20 %")
    row = "return document.querySelector(\"[data-control='loss-B'] [aria-pressed=true]\").textContent"
    page.until(lambda: page.browser.execute_script(row) == "20 %", "the phone again")
    demo.run(demo.on.b.held.wait_for(lambda held: held.lamps["line"], 60, "its line"))
    told = len(page.news("A"))
    page.of(0, ".dial").click()
    page.until(lambda: page.state(1).startswith("Ringing"), "the ringer")
    page.of(1, ".handset").click()
    page.until(lambda: page.state(1) == "In a call", "the call")
    page.told("A", "has secure sound", before=told)
    page.of(1, ".speak").click()
    page.until(lambda: hears_speech(page, 0), "B's voice in A's ear")
    began = page.seconds_talked(0)
    page.until(lambda: page.seconds_talked(0) >= began + 3, "three seconds more")
    measured = len(page.news("A"))
    page.type(Keys.ESCAPE)
    page.told("A", "% loss", before=measured)
    words = next(one for one in page.news("A") if "% loss" in one)
    assert float(words.split()[1]) > 3.0
    page.choose("loss-B", "0 %")
    page.until(lambda: page.browser.execute_script(row) == "0 %", "the phone again")


def test_a_phone_whose_owner_takes_the_money_says_so(demo: Demo, page: Page):
    page.choose("money-A", "Take all")
    page.told("bench", "A: has no money any more")
    page.told("ledger", "A left the provider and got")
    page.told("A", "has 0.00 kallCoin on deposit")
    page.of(0, ".dial").click()
    page.reads(0, "No credit")
    assert not demo.on.b.held.ringer
    page.type(Keys.ESCAPE)
    page.choose("money-A", "Give 5")
    page.told("ledger", "A deposited 1.00 kallCoin", before=len(page.news("ledger")))
