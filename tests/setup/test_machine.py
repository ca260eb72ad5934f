from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kallphone.phone.events import KeyPressed, StorageFailed
from kallphone.phone.menu.backup import asked_back
from kallphone.setup.machine import PAGES, screen_for, transition, wakeup_for
from kallphone.setup.simulated_network import SimulatedNetwork
from kallphone.setup.states import (
    STEPS,
    ConfigWritten,
    Credentials,
    HotspotChanged,
    JoinWifi,
    Kept,
    KeyRefused,
    LinkFound,
    PortalAnswers,
    PortalFilled,
    Provider,
    Security,
    WifiJoined,
    WriteConfig,
    told,
)
from kallphone.setup.steps import NETWORK_ONLY
from tests.setup.scenes import at
from tests.setup.world import BACKUP, HOTSPOT, OTHER_WORDS, PROVIDER, Hand, World


def test_from_the_first_page_to_a_line_getting_ready():
    hand = Hand()
    hand.press("2")
    hand.press("#")
    hand.press("1")
    assert hand.screen().text.splitlines()[1].startswith("1 Home")
    hand.press("1")
    hand.enter("kall1234")
    assert hand.page == "joined"
    hand.press("#")
    hand.press("1")
    assert hand.world.keys == [BACKUP]
    hand.press("1#####")
    for place in asked_back(BACKUP):
        hand.enter(BACKUP[place][:4])
    assert hand.page == "backup done"
    hand.press("#")
    hand.press("2")
    hand.press("2580#2580#")
    assert hand.page == "pin set"
    hand.press("#")
    assert "Wi-Fi Home" in hand.screen().text
    assert "12 words: on paper" in hand.screen().text
    hand.press("#")
    assert hand.world.config == WriteConfig("de", "de", PROVIDER)
    assert hand.world.pin == "2580"
    assert hand.phone.setup.finished
    assert "Line: getting ready…" in hand.screen().text


def test_a_cable_is_told_and_one_key_goes_on():
    hand = at("network", World(SimulatedNetwork(cable=True)))
    assert "Connected by cable" in hand.screen().text
    hand.press("#")
    assert hand.page == "key"


def test_a_cable_that_is_plugged_in_later_is_seen_on_the_same_page():
    hand = at("network")
    assert "Go on" not in hand.screen().text
    hand.happens(LinkFound(cable=True))
    assert "Connected by cable" in hand.screen().text


def test_a_wrong_password_is_told_and_stands_there_to_be_mended():
    hand = at("network")
    hand.press("11")
    hand.enter("kall1235")
    assert hand.page == "password"
    assert "Wrong password" in hand.screen().text
    assert "kall1235" in hand.screen().text
    hand.press("*")
    hand.enter("4")
    assert hand.page == "joined"


def test_a_short_password_is_refused_before_anybody_is_asked():
    hand = at("network")
    hand.press("11")
    hand.enter("kall")
    assert "8 to 63 characters" in hand.screen().text


def test_capitals_come_in_a_password_only_when_they_are_asked_for():
    hand = at("network")
    hand.press("11")
    hand.type("a. b")
    assert hand.phone.pages[-1].text == "a. b"
    hand.hold("#")
    hand.type("c")
    assert hand.phone.pages[-1].text == "a. bC"


def test_an_open_network_needs_no_password():
    hand = at("network")
    hand.press("12")
    assert hand.page == "joined"
    assert hand.world.network.joined == "Café"


def test_a_hidden_network_is_joined_by_its_name():
    hand = at("network")
    hand.press("15")
    hand.hold("#")
    hand.type("a")
    hand.enter("ttic")
    assert hand.page == "password"
    hand.enter("up above")
    assert hand.world.network.joined == "Attic"


def test_the_way_back_from_joining_ignores_what_comes_of_it():
    hand = at("network")
    hand.press("11")
    hand.slow = True
    hand.enter("kall1234")
    assert hand.page == "joining"
    hand.press("*")
    hand.slow = False
    hand.happens(hand.owed.pop())
    assert hand.page == "password"
    hand.press("*********")
    assert hand.page == "wifi"
    hand.press("*")
    assert "In Home" in hand.screen().text


def test_an_answer_to_an_older_attempt_moves_nothing():
    hand = at("network")
    hand.press("11")
    hand.slow = True
    hand.enter("kall1234")
    attempt = hand.phone.setup.attempt
    hand.happens(WifiJoined(attempt - 1, b"Home"))
    assert hand.page == "joining"


def test_a_key_that_was_made_is_never_made_again():
    hand = at("key")
    hand.press("1")
    hand.switch_on()
    assert "The key is there" in hand.screen().text
    hand.press("1")
    assert hand.page == "key made"
    hand.press("2#")
    assert hand.world.keys == [BACKUP]
    assert hand.world.progress.words is Kept.LATER


def test_twelve_words_bring_a_key_back():
    hand = at("key")
    hand.press("2")
    hand.spell(OTHER_WORDS)
    assert hand.page == "pin step"
    assert hand.world.keys == [OTHER_WORDS]
    assert hand.world.progress.words is Kept.WRITTEN
    assert hand.phone.setup.restored == ()


def test_a_word_that_does_not_fit_is_guessed_and_the_others_stay():
    hand = at("key")
    hand.press("2")
    wrong = list(OTHER_WORDS)
    wrong[2] = "zoo"
    hand.spell(wrong)
    assert hand.page == "words wrong"
    assert hand.world.keys == []
    hand.press("#")
    hand.press("##")
    assert "Word 3 of 12" in hand.screen().text
    hand.spell([OTHER_WORDS[2]])
    hand.press("#########")
    assert hand.world.keys == [OTHER_WORDS]


def test_another_key_takes_the_place_of_one_only_after_a_question():
    hand = at("key")
    hand.press("1")
    hand.press("*")
    hand.press("3")
    assert "put aside" in " ".join(hand.screen().text.split())
    hand.press("#")
    hand.spell(OTHER_WORDS)
    assert hand.world.keys == [BACKUP, OTHER_WORDS]


def test_a_full_disk_makes_no_key_and_says_so():
    hand = at("key")
    hand.slow = True
    hand.press("1")
    hand.owed.clear()
    hand.happens(KeyRefused("Not saved: disk"))
    assert "Not saved: disk" in hand.screen().text
    assert not hand.phone.setup.has_key


def test_a_full_disk_blames_no_words_and_can_be_tried_again():
    hand = at("key")
    hand.press("2")
    hand.spell(OTHER_WORDS[:-1])
    hand.slow = True
    hand.spell(OTHER_WORDS[-1:])
    hand.owed.clear()
    hand.world.keys.clear()
    hand.happens(KeyRefused("Not saved: disk"))
    said = " ".join(hand.screen().text.split())
    assert "Not saved: disk" in said
    assert "belong together" not in said
    hand.slow = False
    hand.press("#")
    assert hand.page == "pin step"
    assert hand.world.keys == [OTHER_WORDS]


def test_the_hotspot_shows_its_code_then_the_page_then_closes():
    hand = at("network")
    hand.press("2")
    assert hand.world.hotspot is not None
    assert hand.screen().qr == "WIFI:T:WPA;S:KallPhone-k7xq;P:m4vhxq7rpw2k;;"
    hand.happens(HotspotChanged(replace(HOTSPOT, visited=True)))
    assert hand.screen().qr == HOTSPOT.url
    hand.press("#")
    assert hand.screen().qr.startswith("WIFI:")
    hand.press("*")
    assert hand.world.hotspot is None
    assert hand.page == "network"


def test_the_hotspot_closes_after_ten_minutes():
    hand = at("network")
    hand.press("2")
    hand.wait(599)
    assert hand.world.hotspot is not None
    hand.wait(2)
    assert hand.world.hotspot is None
    assert "Hotspot closed" in hand.screen().text


def test_a_telephone_answers_everything_but_the_key():
    hand = at("network")
    hand.press("2")
    wifi = Credentials(b"Home", Security.EITHER, "kall1234")
    hand.happens(PortalFilled(PortalAnswers("fr", "ch", wifi, "1357")))
    assert hand.world.hotspot is None
    assert hand.page == "joined"
    hand.press("#")
    assert hand.page == "key"
    assert hand.world.pin == "1357"
    assert (hand.world.progress.language, hand.world.progress.country) == ("fr", "ch")


def test_a_wrong_password_from_a_telephone_is_asked_again_on_the_glass():
    hand = at("network")
    hand.press("2")
    wifi = Credentials(b"Home", Security.EITHER, "kall12345")
    hand.happens(PortalFilled(PortalAnswers("en", "gb", wifi)))
    assert hand.page == "password"
    assert "Wrong password" in hand.screen().text
    hand.press("*#")
    hand.wait(2)
    assert hand.page == "joined"


def test_what_comes_from_a_page_that_is_closed_counts_for_nothing():
    hand = at("network")
    before = hand.phone
    hand.happens(PortalFilled(PortalAnswers("fr", "ch", None, "1357")))
    assert hand.phone == before
    assert hand.world.pin == ""


def test_a_preset_with_two_providers_has_one_chosen():
    hand = at("pin step", World(steps=STEPS, provider=""))
    hand.phone = told(
        hand.phone, providers=(Provider("North", "https://n.test"), Provider("South", "https://s.test"))
    )
    hand.press("1")
    hand.press("2")
    assert hand.page == "summary"
    hand.press("#")
    assert hand.world.config is not None
    assert hand.world.config.provider == "https://s.test"


def test_without_a_provider_its_address_is_typed():
    hand = at("pin step", World(steps=STEPS, provider=""))
    hand.press("11")
    hand.enter("not good")
    assert "Such as" in hand.screen().text
    for _ in "not good":
        hand.press("*")
    hand.enter("kall.net")
    assert hand.phone.setup.provider == "https://kall.net"


def test_a_config_that_can_t_be_written_is_told_and_tried_again():
    hand = at("summary")
    hand.slow = True
    hand.press("#")
    hand.owed.clear()
    hand.happens(ConfigWritten("Not saved: disk"))
    assert hand.page == "summary"
    assert "Not saved: disk" in hand.screen().text


def test_a_phone_that_is_one_is_asked_for_its_network_alone():
    hand = Hand(World(steps=NETWORK_ONLY))
    hand.press("11")
    hand.enter("kall1234")
    hand.press("#")
    assert hand.phone.setup.finished
    assert hand.world.config is None


def test_the_page_of_a_phone_that_is_one_asks_for_its_wifi_alone():
    for hand, only_wifi in ((Hand(World(steps=NETWORK_ONLY)), True), (at("network"), False)):
        hand.press("2")
        assert hand.world.opened is not None
        assert hand.world.opened.only_wifi is only_wifi


def test_a_phone_that_is_one_is_left_as_it_was_by_the_way_back():
    hand = Hand(World(steps=NETWORK_ONLY))
    hand.press("*")
    assert hand.phone.setup.finished


def test_nothing_to_ask_is_finished_at_once():
    assert Hand(World(steps=())).phone.setup.finished


@pytest.mark.parametrize("step", [step for step in STEPS if step != "provider"])
def test_a_power_cut_at_a_step_comes_back_to_it(step: str):
    hand = at(step)
    hand.switch_on()
    assert hand.page == step
    assert len(hand.world.keys) == (step in STEPS[4:])


@pytest.mark.parametrize("step", STEPS[1:5])
def test_every_step_has_a_way_back(step: str):
    hand = at(step)
    hand.press("*")
    assert hand.page == STEPS[STEPS.index(step) - 1]


def test_the_first_page_stays_where_it_is():
    hand = Hand()
    hand.press("*")
    assert hand.page == "language"


KEYS = st.sampled_from("0123456789*#ABCD")
HAPPENINGS = st.one_of(
    KEYS.map(KeyPressed),
    st.sampled_from([
        "wait", "long wait", "cut", "hold #", "slow", "fast",
        LinkFound(cable=True), LinkFound(), HotspotChanged(None), StorageFailed("Not saved: disk"),
        PortalFilled(PortalAnswers("de", "at", Credentials(b"Home", Security.EITHER, "wrong one"), "2468")),
    ]),
)  # fmt: skip


def _lives_through(hand: Hand, happening: object) -> None:
    match happening:
        case "wait":
            hand.wait(2)
        case "long wait":
            hand.wait(700)
        case "cut":
            hand.switch_on()
        case "hold #":
            hand.hold("#")
        case "slow":
            hand.slow = True
        case "fast":
            hand.slow = False
            while hand.owed:
                hand.happens(hand.owed.pop(0))
        case _:
            hand.happens(happening)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(st.lists(HAPPENINGS, max_size=120))
def test_whatever_is_pressed_no_key_is_lost_and_every_page_has_a_way_out(happenings: list[object]):
    hand = Hand()
    for happening in happenings:
        keys = list(hand.world.keys)
        _lives_through(hand, happening)
        assert hand.world.keys[: len(keys)] == keys
        assert hand.page in PAGES
        assert screen_for(hand.phone).lines
        assert (hand.world.hotspot is None) or hand.page == "hotspot" or hand.slow
        if hand.phone.setup.finished:
            assert hand.world.config is not None
            return
    _leaves(hand)


def _leaves(hand: Hand) -> None:
    """By * alone back to the first page, and from there by the shortest way to the end."""
    _lives_through(hand, "fast")
    for _ in range(200):
        if hand.phone.setup.finished or len(hand.phone.pages) == 1:
            break
        hand.press("*")
        hand.wait(2)
    if not hand.phone.setup.finished:
        assert hand.page == "language"
        hand.press("1")
        hand.press("#")
        hand.press("1" if hand.phone.setup.link != LinkFound() else "3#")
        hand.press("1" if hand.world.keys else "12#")
        if hand.page == "key made":
            hand.press("2#")
        hand.press("1#")
    assert hand.phone.setup.finished
    assert hand.world.config is not None
    assert hand.world.keys


def test_the_twelve_words_are_not_kept_in_mind_behind_their_pages():
    hand = at("key")
    hand.press("11#")
    assert hand.phone.backup == BACKUP
    hand.press("*")
    assert hand.phone.backup == ()


def test_nothing_happens_behind_the_end():
    hand = at("summary")
    hand.press("#")
    after, commands = transition(hand.phone, KeyPressed("*"), 9.0)
    assert after == hand.phone
    assert commands == ()
    assert wakeup_for(hand.phone) is None


def test_secrets_stay_out_of_what_is_printed():
    hand = at("network")
    hand.press("11")
    hand.slow = True
    hand.enter("kall1234")
    wifi = hand.phone.setup.wifi
    assert wifi is not None
    assert "kall1234" not in repr(hand.phone)
    assert "kall1234" not in repr(JoinWifi(1, wifi, "de"))


def test_another_language_leaves_a_country_that_was_chosen():
    hand = at("country")
    hand.press("2")
    hand.press("**")
    hand.press("4")
    assert (hand.phone.settings.language, hand.phone.settings.country) == ("fr", "at")
