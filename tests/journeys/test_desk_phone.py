"""What a desk phone does with calls, each as a person does it, on whole phones in a town of fakes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone.book import Contact
from kallphone.phone.causes import ANNOUNCEMENTS, Cause
from kallphone.phone.events import (
    CreditChanged,
    MessageArrived,
    MinutePassed,
    RecordingArrived,
    RecordingEnded,
    RecordingLoaded,
    SoundCardsChanged,
    SpentLoaded,
)
from kallphone.phone.lamps import Light
from kallphone.phone.messages import Message, Recording
from kallphone.phone.settings import Forwarding, Limits, Screening
from tests.journeys.exchange import DEPOSIT, PRICE, Town, TownPhone


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def anna(town: Town) -> TownPhone:
    return town.phone("Anna", "2345678901")


@pytest.fixture
def bert(town: Town) -> TownPhone:
    return town.phone("Bert", "3456789012")


@pytest.fixture
def cleo(town: Town) -> TownPhone:
    return town.phone("Cleo", "4567890123")


@pytest.fixture
def dora(town: Town) -> TownPhone:
    return town.phone("Dora", "5678901234")


def talk(one: TownPhone, other: TownPhone) -> None:
    one.call(other)
    other.lift()
    assert one.hears == {other.name}


def know(phone: TownPhone, other: TownPhone, **more: object) -> None:
    contact = Contact(other.number, other.name, **more)  # type: ignore[arg-type]
    phone.engine.phone = replace(phone.phone, book=phone.phone.book.with_contact(contact))


# Calls and money.
def test_a_call_is_dialled_answered_paid_and_ended(town: Town, anna: TownPhone, bert: TownPhone):
    anna.lift()
    assert anna.tone == "DIAL"
    anna.press(bert.number)
    assert bert.ringing
    assert "234 567 8901" in bert.text
    assert "Verified" in bert.text
    assert anna.tone == "RINGBACK"
    assert "0.08 a minute" in anna.text
    bert.lift()
    assert (anna.hears, bert.hears, bert.ringing) == ({"Bert"}, {"Anna"}, None)
    town.wait(31)
    assert anna.signed == 3 * PRICE
    assert "0:31" in anna.text
    assert "Cost 0.06" in anna.text
    anna.lower()
    assert "Call ended" in bert.text
    assert bert.tone == "BUSY"
    bert.lower()
    town.wait(60)
    assert anna.signed == 3 * PRICE


def test_redial_calls_the_last_number_again(anna: TownPhone, bert: TownPhone, town: Town):
    anna.call(bert)
    anna.lower()
    anna.lift()
    anna.press("#")
    town.wait(6)
    assert bert.ringing
    anna.lower()


def test_redial_with_nothing_dialled_before_says_so(anna: TownPhone, town: Town):
    anna.lift()
    anna.press("#")
    town.wait(6)
    assert "Nothing stored" in anna.text


def test_speed_dial_by_key_and_hash_and_by_holding_the_key(anna: TownPhone, bert: TownPhone):
    know(anna, bert, key="5")
    anna.lift()
    anna.press("5#")
    assert bert.ringing
    anna.lower()
    anna.hold("5")
    assert "Bert" in anna.text
    anna.lift()
    assert bert.ringing


def test_one_key_dial_needs_one_key(anna: TownPhone, bert: TownPhone):
    know(anna, bert, key="7")
    anna.choose(one_key=True)
    anna.lift()
    anna.press("7")
    assert bert.ringing


def test_a_hotline_calls_by_itself(anna: TownPhone, bert: TownPhone, town: Town):
    anna.choose(hotline=bert.number)
    anna.lift()
    assert bert.ringing
    anna.lower()
    anna.choose(hotline=bert.number, hotline_after_s=5)
    anna.lift()
    assert not bert.ringing
    town.wait(5.5)
    assert bert.ringing


def test_a_number_is_dialled_on_hook_and_called_by_lifting(anna: TownPhone, bert: TownPhone):
    anna.press(bert.number)
    assert "345 678 9012" in anna.text
    assert not bert.ringing
    anna.lift()
    assert bert.ringing


def test_the_log_and_the_lamp_tell_of_a_missed_call(anna: TownPhone, bert: TownPhone, town: Town):
    anna.call(bert)
    assert bert.lamps == (Light.BLINKING, Light.BLINKING)
    anna.lower()
    assert "Missed calls: 1" in bert.text
    assert bert.lamps == (Light.ON, Light.ON)
    assert [call.number for call in bert.phone.log] == [anna.number]
    bert.lift()
    bert.lower()
    assert "Missed" not in bert.text
    assert bert.lamps == (Light.ON, Light.OFF)
    assert bert.noted("forget_missed")


# Two calls at once.
def test_call_waiting_is_heard_shown_and_taken_by_a_flash(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    talk(anna, bert)
    cleo.call(bert)
    assert bert.tone == "WAITING"
    assert "456 789 0123" in bert.text
    assert cleo.tone == "RINGBACK"
    bert.flash()
    assert bert.hears == {"Cleo"}
    assert anna.hears == set()
    assert "You are on hold" in anna.text
    bert.flash()
    bert.press("2")
    assert bert.hears == {"Anna"}
    assert "You are on hold" in cleo.text


def test_a_waiting_call_rings_when_the_handset_is_put_down(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    talk(anna, bert)
    cleo.call(bert)
    bert.lower()
    assert bert.ringing
    bert.lift()
    assert bert.hears == {"Cleo"}


def test_who_waits_is_still_heard_shown_and_taken_after_the_far_end_has_hung_up(
    anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town
):
    talk(anna, bert)
    cleo.call(bert)
    anna.lower()
    town.wait(35)
    assert bert.tone == "WAITING"
    assert "Flash to take it" in bert.text
    bert.flash()
    assert bert.hears == {"Cleo"}


def test_a_flash_leaves_a_phone_that_rings_in_vain(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    talk(anna, bert)
    anna.flash()
    anna.press(cleo.number)
    assert cleo.ringing
    anna.flash()
    assert anna.hears == {"Bert"}
    assert not cleo.ringing


def test_a_waiting_call_is_declined_from_the_call_menu(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    talk(anna, bert)
    cleo.call(bert)
    bert.hold("#")
    bert.press("0")
    assert "Declined" in cleo.text
    assert bert.hears == {"Anna"}


def test_hold_and_resume_both_sides_are_told_and_both_calls_are_paid(
    anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town
):
    talk(anna, bert)
    anna.flash()
    assert anna.tone == "RECALL"
    assert bert.hears == set()
    anna.press(cleo.number)
    cleo.lift()
    assert anna.hears == {"Cleo"}
    assert anna.sound.held
    town.wait(16)
    assert anna.signed == 4 * PRICE
    cleo.lower()
    assert "Call ended" in anna.text
    town.wait(5)
    assert anna.hears == {"Bert"}
    assert bert.hears == {"Anna"}


def test_a_flash_gives_up_a_second_call_and_goes_back(anna: TownPhone, bert: TownPhone):
    talk(anna, bert)
    anna.flash()
    anna.flash()
    assert anna.hears == {"Bert"}


def test_nobody_dials_while_a_call_is_on_hold_no_howler_comes(anna: TownPhone, bert: TownPhone, town: Town):
    talk(anna, bert)
    anna.flash()
    town.wait(120)
    assert anna.tone == ""
    anna.flash()
    assert anna.hears == {"Bert"}


def test_three_way_conference(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    talk(anna, bert)
    anna.flash()
    anna.press(cleo.number)
    cleo.lift()
    anna.flash()
    anna.press("3")
    assert anna.hears == {"Bert", "Cleo"}
    assert bert.hears == {"Anna", "Cleo"}
    assert cleo.hears == {"Anna", "Bert"}
    bert.lower()
    assert anna.hears == {"Cleo"}


def test_swap_goes_back_and_forth(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    talk(anna, bert)
    anna.flash()
    anna.press(cleo.number)
    cleo.lift()
    for name in ("Bert", "Cleo", "Bert"):
        anna.hold("#")
        anna.press("2")
        assert anna.hears == {name}


def test_attended_transfer_tells_everybody_who_pays(
    anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town
):
    talk(anna, bert)
    bert.flash()
    bert.press(cleo.number)
    cleo.lift()
    bert.flash()
    bert.press("4")
    assert anna.hears == {"Cleo"}
    assert cleo.hears == {"Anna"}
    assert "Put through" in bert.text
    assert "They pay from here" in bert.text
    before = anna.signed
    town.wait(16)
    assert anna.signed == before + PRICE
    assert bert.signed == PRICE


def test_blind_transfer_asks_whoever_has_not_paid_so_far(
    anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town
):
    talk(anna, bert)
    anna.hold("#")
    anna.press("4")
    assert "Put through" in anna.text
    anna.press(cleo.number)
    assert "You pay" in bert.text
    assert "0.08 a minute" in bert.text
    assert not cleo.ringing
    bert.press("#")
    assert not cleo.ringing, "a # out of habit agrees to nothing"
    town.wait(1)
    bert.press("#")
    cleo.lift()
    assert bert.hears == {"Cleo"}
    assert "They pay from here" in anna.text


def test_a_transfer_that_is_not_agreed_to_changes_nothing(
    anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town
):
    talk(anna, bert)
    anna.hold("#")
    anna.press("4" + cleo.number)
    town.wait(60)
    assert not cleo.ringing
    assert anna.hears == {"Bert"}


def test_a_transfer_to_nobody_comes_back(anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town):
    cleo.connected = False
    talk(anna, bert)
    bert.hold("#")
    bert.press("4" + cleo.number)
    town.wait(6)
    assert anna.hears == {"Bert"}
    assert bert.hears == {"Anna"}


# Whom the phone rings for.
def test_forward_always(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    bert.lift()
    bert.press(f"*72{cleo.number}#")
    assert "Done" in bert.text
    bert.lower()
    assert "456 789 0123" in bert.text
    anna.call(bert)
    assert not bert.ringing
    assert cleo.ringing
    assert "orwarded" in anna.text
    cleo.lift()
    assert anna.hears == {"Cleo"}


def test_forward_when_busy(anna: TownPhone, bert: TownPhone, cleo: TownPhone, dora: TownPhone):
    bert.choose(forwarding=Forwarding(busy=cleo.number), call_waiting=False)
    talk(bert, dora)
    anna.call(bert)
    assert cleo.ringing


def test_forward_when_nobody_answers(anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town):
    bert.choose(forwarding=Forwarding(no_answer=cleo.number, after_s=15))
    anna.call(bert)
    town.wait(14)
    assert bert.ringing
    town.wait(2)
    assert cleo.ringing
    assert not bert.ringing
    assert "Missed calls: 1" in bert.text


def test_forwarding_in_circles_ends(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    bert.choose(forwarding=Forwarding(always=cleo.number))
    cleo.choose(forwarding=Forwarding(always=bert.number))
    anna.call(bert)
    assert "in circles" in anna.text


def test_a_forward_that_costs_more_is_asked_about_first(
    anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town
):
    bert.choose(forwarding=Forwarding(always=cleo.number))
    anna.choose(ask_above=0)
    anna.call(bert)
    town.wait(1)
    anna.press("#")
    assert "# calls" in anna.text
    assert not cleo.ringing


def test_do_not_disturb_lets_favourites_through(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    bert.lift()
    bert.press("*78")
    bert.lower()
    assert "Do not disturb" in bert.text
    know(bert, cleo, favourite=True)
    anna.call(bert)
    assert not bert.ringing
    anna.lower()
    cleo.call(bert)
    assert bert.ringing


def test_anonymous_callers_are_refused(town: Town, bert: TownPhone, anna: TownPhone):
    bert.choose(reject_anonymous=True)
    del town.phones[anna.number]
    anna.call(bert)
    assert not bert.ringing
    assert (433, "") in bert.noted("reject")


def test_blocked_and_unknown_callers(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    know(bert, anna, blocked=True)
    anna.call(bert)
    assert not bert.ringing
    anna.lower()
    bert.choose(screening=Screening.CONTACTS)
    cleo.call(bert)
    assert not bert.ringing
    cleo.lower()
    know(bert, cleo)
    cleo.call(bert)
    assert bert.ringing


def test_listed_callers_are_answered_hands_free(anna: TownPhone, bert: TownPhone):
    know(bert, anna, auto_answer=True)
    anna.call(bert)
    assert bert.hears == {"Anna"}
    assert bert.sound.hands_free
    bert.lift()
    assert not bert.sound.hands_free
    bert.lower()
    assert "Call ended" in anna.text


def test_a_caller_is_declined_or_the_bell_silenced(anna: TownPhone, bert: TownPhone):
    anna.call(bert)
    bert.press("#")
    assert not bert.ringing
    assert "Incoming call" in bert.text
    bert.press("*")
    assert "Declined" in anna.text


def test_whoever_does_not_prove_who_they_are_is_refused_both_ways(anna: TownPhone, bert: TownPhone):
    anna.signs = False
    anna.call(bert)
    assert not bert.ringing
    assert (428, "") in bert.noted("reject")
    assert "Not verified" in anna.text
    anna.lower()
    bert.call(anna)
    anna.lift()
    assert bert.hears == set()
    assert "Not verified" in bert.text
    assert "prove who" in bert.text


def test_an_owner_may_allow_calls_that_prove_nothing_and_is_told_so(anna: TownPhone, bert: TownPhone):
    anna.signs = False
    bert.choose(allow_unverified=True)
    anna.call(bert)
    assert bert.ringing
    assert "NOT VERIFIED" in bert.text
    bert.lift()
    assert "NOT VERIFIED" in bert.text


# In the call.
def test_digits_go_out_and_mute_and_volume_stay(anna: TownPhone, bert: TownPhone):
    talk(anna, bert)
    anna.press("1*#")
    assert anna.noted("digit") == ["1", "*", "#"]
    anna.hold("#")
    anna.press("1")
    assert anna.sound.muted
    assert "muted" in anna.text or anna.phone.muted
    anna.press("9*")
    anna.press("C")
    assert not anna.sound.muted
    assert anna.settings.volumes.handset == 7
    assert anna.noted("save_settings")[-1][0].volumes.handset == 7
    anna.lower()
    anna.press("AA")
    assert (anna.settings.volumes.handset, anna.settings.volumes.ringer) == (7, 9)


def test_help_is_called_past_lock_and_balance_and_told_honestly(town: Town, anna: TownPhone):
    anna.deposited = 0
    anna.choose(has_pin=True)
    anna.engine.phone = replace(anna.phone, lock=replace(anna.phone.lock, locked=True))
    anna.lift()
    assert anna.tone == "DIAL"
    anna.press("112")
    town.wait(7)
    assert "Can't call help" in anna.text
    assert "Use another phone" in anna.text


def test_a_locked_phone_calls_nobody_but_can_be_called(anna: TownPhone, bert: TownPhone):
    anna.engine.phone = replace(anna.phone, lock=replace(anna.phone.lock, locked=True))
    anna.call(bert)
    assert "Locked" in anna.text
    assert not bert.ringing
    anna.lower()
    bert.call(anna)
    anna.lift()
    assert anna.hears == {"Bert"}


def test_a_busy_number_is_tried_again(anna: TownPhone, bert: TownPhone, cleo: TownPhone, town: Town):
    bert.choose(call_waiting=False)
    talk(bert, cleo)
    anna.call(bert)
    assert "Busy" in anna.text
    anna.press("5")
    anna.lower()
    bert.lower()
    cleo.lower()
    town.wait(31)
    assert anna.ringing
    anna.lift()
    assert bert.ringing


def test_a_held_star_locks_but_not_the_one_that_closed_the_menu(anna: TownPhone):
    anna.choose(has_pin=True)
    anna.press("#")
    anna.hold("*")
    assert not anna.phone.lock.locked
    anna.hold("*")
    assert anna.phone.lock.locked
    assert "Locked" in anna.text


def test_a_voicemail_plays_in_the_ear_and_counts_as_heard(anna: TownPhone, town: Town):
    town.do(anna, RecordingArrived(Recording(7, "3456789012", 0, 12, file="a.opus")))
    assert "New messages: 1" in anna.text
    anna.press("#41")
    anna.lift()
    assert anna.noted("load_recording") == [("a.opus",)]
    town.do(anna, RecordingLoaded("a.opus", "a.wav"))
    assert anna.sound.recording == "a.wav"
    town.do(anna, RecordingEnded("a.wav"))
    assert anna.tone == "DIAL"
    anna.lower()
    assert "New messages" not in anna.text
    assert anna.noted("mark_read") == [(7,)]


def test_lifting_on_a_line_of_the_log_calls_that_number(anna: TownPhone, bert: TownPhone):
    anna.call(bert)
    anna.lower()
    bert.press("#11")
    bert.lift()
    assert anna.ringing


def test_a_usb_handset_that_is_plugged_in_is_opened(anna: TownPhone, town: Town):
    town.do(anna, SoundCardsChanged(("Handset",)))
    assert anna.noted("reopen_sound")
    assert "Plug" not in anna.text


def test_a_usb_handset_that_is_pulled_out_is_missed(anna: TownPhone, town: Town):
    town.do(anna, SoundCardsChanged(()))
    assert "Plug the handset in" in anna.text


# What it may cost.
def test_a_dear_call_is_asked_about_before_anything_is_spent(anna: TownPhone, bert: TownPhone, town: Town):
    town.price = 100_000
    anna.call(bert)
    assert "0.40 a minute" in anna.text
    assert not bert.ringing
    town.wait(1)
    anna.press("#")
    assert bert.ringing


@pytest.mark.parametrize(("limits", "periods"), [(Limits(per_call=50_000), 2), (Limits(per_day=70_000), 3)])
def test_the_owners_limits_end_a_call(
    anna: TownPhone, bert: TownPhone, town: Town, limits: Limits, periods: int
):
    anna.choose(limits=limits)
    talk(anna, bert)
    town.wait(100)
    assert "Limit reached" in anna.text
    assert anna.signed == periods * PRICE


def test_a_clock_that_is_set_gives_no_new_allowance(anna: TownPhone, bert: TownPhone, town: Town):
    anna.choose(limits=Limits(per_day=50_000))
    town.do(anna, MinutePassed("00:01", "Thu 1 Jan", 0))
    assert anna.noted("load_spent") == []
    town.do(anna, MinutePassed("14:05", "Wed 25 Nov", 20_782))
    assert anna.noted("load_spent") == [()]
    town.do(anna, SpentLoaded(20_782, 45_000, ((bert.number, 45_000),)))
    anna.call(bert)
    assert "Limit reached" in anna.text
    assert not bert.ringing


def test_a_limit_for_one_contact(anna: TownPhone, bert: TownPhone, town: Town):
    know(anna, bert, limit=30_000)
    talk(anna, bert)
    town.wait(100)
    assert anna.signed == PRICE
    anna.lower()
    bert.lower()
    anna.call(bert)
    assert "Limit reached" in anna.text
    assert not bert.ringing


def test_a_child_calls_contacts_only(anna: TownPhone, bert: TownPhone, cleo: TownPhone):
    know(anna, bert)
    anna.choose(limits=Limits(contacts_only=True))
    anna.call(cleo)
    assert "Only contacts" in anna.text
    anna.lower()
    anna.call(bert)
    assert bert.ringing


def test_money_that_comes_in_during_a_call_is_seen_and_the_call_goes_on(
    anna: TownPhone, bert: TownPhone, town: Town
):
    anna.signed = DEPOSIT - 2 * PRICE
    anna.town.do(anna, CreditChanged(0, anna._credit()))
    talk(anna, bert)
    town.wait(16)
    assert anna.tone == "LOW_CREDIT"
    anna.top_up(1_000_000)
    assert anna.tone == ""
    assert "+1.00" in anna.text
    town.wait(60)
    assert anna.hears == {"Bert"}


# Rest.
def test_the_glass_sleeps_and_any_key_wakes_it(anna: TownPhone, town: Town):
    town.wait(200)
    assert anna.screen.asleep
    anna.press("*")
    assert not anna.screen.asleep


def test_a_message_lights_the_lamp(anna: TownPhone, town: Town):
    town.do(anna, MessageArrived(Message(1, incoming=True, number="3456789012", text="Hello", at=0)))
    assert anna.lamps[1] is Light.BLINKING
    assert "New messages: 1" in anna.text


def test_a_contact_s_page_says_whether_they_can_be_reached(town: Town, anna: TownPhone, bert: TownPhone):
    know(anna, bert)
    anna.press("#20#")
    assert "Reachable: yes" in anna.text
    bert.connected = False
    anna.press("*#")
    assert "Reachable: yes" in anna.text
    town.wait(16)
    anna.press("*#")
    assert "Reachable: no" in anna.text
    assert anna.noted("probe") == [bert.number] * 2
    assert bert.logged() == []


def test_a_contact_nobody_serves_can_not_be_reached(anna: TownPhone):
    contact = Contact("9876543210", "Gone")
    anna.engine.phone = replace(anna.phone, book=anna.phone.book.with_contact(contact))
    anna.press("#20#")
    assert "Reachable: no" in anna.text
    assert anna.noted("probe") == []


def test_whoever_looks_at_a_contact_calls_at_once(anna: TownPhone, bert: TownPhone):
    know(anna, bert)
    anna.press("#20#")
    anna.lift()
    bert.lift()
    assert anna.hears == {"Bert"}


def test_digits_are_spoken(anna: TownPhone):
    anna.choose(speak_digits=True)
    anna.lift()
    anna.press("23")
    assert [text for text, _ in anna.noted("say")] == ["2", "3"]


def test_the_callers_name_is_spoken_while_it_rings(anna: TownPhone, bert: TownPhone):
    know(bert, anna)
    bert.choose(speak_caller=True)
    anna.call(bert)
    assert ("Anna", True) in bert.noted("say")


def test_every_cause_has_words_that_fit() -> None:
    assert set(ANNOUNCEMENTS) == set(Cause)
