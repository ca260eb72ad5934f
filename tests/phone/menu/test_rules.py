from __future__ import annotations

from kallphone.phone.commands import SaveSettings
from kallphone.phone.settings import Screening, Volumes
from tests.phone.menu.hand import ANNA, STRANGER, Hand


def test_a_call_is_forwarded_to_a_number_or_to_nobody() -> None:
    hand = Hand().open(f"62{ANNA}#")
    assert hand.phone.settings.forwarding.always == ANNA
    assert hand.page == "rules"
    assert "2 Always to Anna Mül…" in " ".join(hand.text.split()) or "Anna" in hand.text
    hand.press("2#")
    assert hand.phone.settings.forwarding.always == ""
    hand.press(f"3{ANNA}#").press(f"4{STRANGER}#").press("51")
    forwarding = hand.phone.settings.forwarding
    assert (forwarding.busy, forwarding.no_answer, forwarding.after_s) == (ANNA, STRANGER, 10)
    assert hand.last == SaveSettings(hand.phone.settings)


def test_nobody_forwards_to_themselves_or_to_no_number() -> None:
    assert "That is this phone" in Hand().open("625551234567#").text
    assert "It has ten digits" in Hand().open("62555#").text


def test_the_name_of_a_number_is_shown_while_it_is_typed() -> None:
    assert "Anna Müller" in Hand().open(f"62{ANNA}").text


def test_who_may_ring() -> None:
    hand = Hand().open("663")
    assert (hand.phone.settings.screening, hand.page) == (Screening.FAVOURITES, "rules")
    hand.press("64").press("5")
    assert hand.phone.settings.reject_anonymous
    assert hand.phone.settings.allow_unverified


def test_switches_of_the_rules() -> None:
    settings = Hand().open("617").phone.settings
    assert settings.do_not_disturb
    assert not settings.call_waiting


def test_levels_stop_at_both_ends() -> None:
    hand = Hand().open("72" + "9" * 20)
    assert hand.phone.settings.volumes == Volumes(ringer=10)
    assert hand.last == SaveSettings(hand.phone.settings)
    assert hand.press("7" * 20).phone.settings.volumes == Volumes(ringer=0)
    assert hand.press("A").phone.settings.volumes == Volumes(ringer=1)
    assert hand.press("#5").phone.settings.volumes == Volumes(ringer=1, boost=True)
    assert hand.press("63").phone.settings.ring == 2


def test_language_and_country() -> None:
    hand = Hand().open("812")
    assert (hand.phone.settings.language, hand.page) == ("de", "display")
    hand = Hand().open("9200")
    gb = next(line.text[0] for line in hand.screen().lines if "United Kingdom" in line.text)
    assert hand.press(gb).phone.settings.country == "gb"


def test_aids_are_switched() -> None:
    settings = Hand().open("8234567").phone.settings
    aids = (settings.large_text, settings.bright, settings.speak_digits, settings.speak_caller)
    assert aids == (True, True, True, True)
    assert (settings.visual_ring, settings.one_key) == (False, True)


def test_the_hotline() -> None:
    hand = Hand().open(f"881{ANNA}#").press("22")
    settings = hand.phone.settings
    assert (settings.hotline, settings.hotline_after_s, hand.page) == (ANNA, 5, "hotline")


def test_the_contact_card_has_number_and_account() -> None:
    assert Hand().open("91").screen().qr.startswith("KALL:5551234567/0X0001")
