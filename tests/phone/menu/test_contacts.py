from __future__ import annotations

from dataclasses import replace

from kallphone.phone import menu
from kallphone.phone.book import MOST_CONTACTS, Book, Contact
from kallphone.phone.commands import AskReachable, DeleteContact, ForgetMissed, SaveContact
from kallphone.phone.settings import Limits, Settings
from kallphone.phone.states import Line, Presence
from tests.phone.menu.hand import ANNA, BERT, STRANGER, Hand, furnished


def labels(hand: Hand) -> list[str]:
    return [line.text for line in hand.screen().lines[1:]]


def test_digits_find_names_by_their_letters_and_numbers_by_their_beginning() -> None:
    assert labels(Hand().open("22")) == ["Anna Müller", "Bert", "New contact"]
    assert labels(Hand().open("2266")) == ["Anna Müller", "New contact"]
    assert labels(Hand().open("2685")) == ["Anna Müller", "New contact"]  # mül
    assert labels(Hand().open("2444")) == ["Bert", "New contact"]
    assert labels(Hand().open("2266*")) == ["Anna Müller", "New contact"]
    assert labels(Hand().open("2266***")) == ["New contact", "Anna Müller", "Bert"]


def test_lifting_calls_whoever_is_chosen() -> None:
    assert menu.number(Hand().open("2").phone) == ""
    assert menu.number(Hand().open("20").phone) == ANNA
    assert menu.number(Hand().open("200").phone) == BERT
    assert menu.number(Hand().open("22#").phone) == ANNA
    assert menu.number(Hand().open("1").phone) == ANNA
    assert menu.number(Hand().open("13").phone) == STRANGER
    assert menu.number(Hand().open("14").phone) == ""
    assert menu.number(Hand().phone) == ""


def test_a_contact_is_made_of_number_and_name() -> None:
    hand = Hand().open("2#9876543210#").type("Carla").press("#").wait(2)
    assert SaveContact(Contact(STRANGER, "Carla")) in hand.commands
    assert hand.phone.book.by_number(STRANGER) == Contact(STRANGER, "Carla")
    assert hand.page == "contact"
    assert [page.name for page in hand.phone.pages] == ["main", "contacts", "contact"]


def test_wrong_numbers_are_refused_in_words() -> None:
    assert "It has ten digits" in Hand().open("2#23456#").text
    assert "It begins with 2 to 9" in Hand().open("2#0123456789#").text
    assert "It is saved already" in Hand().open(f"2#{ANNA}#").text


def test_a_full_book_says_so() -> None:
    full = Book(tuple(Contact(str(2_000_000_000 + n), f"N{n}") for n in range(MOST_CONTACTS)))
    hand = Hand(replace(furnished(), book=full)).open("2#")
    assert hand.page == "contacts"
    assert "phonebook is full" in hand.text


def test_switches_of_a_contact() -> None:
    hand = Hand().open("22#345")
    anna = hand.phone.book.by_number(ANNA)
    assert anna is not None
    assert (anna.favourite, anna.blocked, anna.auto_answer) == (False, True, True)
    assert hand.last == SaveContact(anna)


def test_speed_dial_key_is_taken_from_its_holder_and_given_back() -> None:
    hand = Hand().open("2444#2")
    hand.press("2")
    bert, anna = hand.phone.book.by_number(BERT), hand.phone.book.by_number(ANNA)
    assert bert is not None
    assert anna is not None
    assert (bert.key, anna.key, hand.page) == ("2", "", "contact")
    hand.press("22")
    bert = hand.phone.book.by_number(BERT)
    assert bert is not None
    assert bert.key == ""


def test_a_contact_s_page_asks_when_it_is_opened_whether_the_phone_can_be_reached() -> None:
    hand = Hand().open("22")
    assert hand.commands == []
    hand.press("#")
    assert hand.commands == [AskReachable(ANNA)]
    assert "Reachable: ..." in hand.text


def test_a_contact_s_page_that_is_opened_again_asks_again_after_a_while() -> None:
    hand = Hand().open("22").press("#*#1*", after=3.0)
    assert hand.commands == [AskReachable(ANNA)]
    hand.press("*#", after=4.0)
    assert hand.commands == [AskReachable(ANNA)] * 2


def test_without_a_line_nobody_is_asked() -> None:
    assert Hand(replace(furnished(), line=Line())).open("22#").commands == []


def test_a_contact_s_page_says_whether_the_phone_can_be_reached() -> None:
    hand = Hand().open("22#")
    for known, words in ((True, "Reachable: yes"), (False, "Reachable: no")):
        presences = (Presence(BERT, hand.now, not known), Presence(ANNA, hand.now, known))
        hand.phone = replace(hand.phone, presences=presences)
        assert words in hand.text


def test_ring_and_limit_of_a_contact() -> None:
    hand = Hand().open("22#73").press("6250#")
    anna = hand.phone.book.by_number(ANNA)
    assert anna is not None
    assert (anna.ring, anna.limit, hand.page) == (2, 2_500_000, "contact")


def test_a_changed_number_forgets_whose_account_it_was() -> None:
    phone = furnished()
    known = Contact(BERT, "Bert", account=b"\x07" * 20)
    hand = Hand(replace(phone, book=phone.book.with_contact(known))).open("2444#82").press(f"{STRANGER}#")
    assert hand.last == SaveContact(Contact(STRANGER, "Bert"), replaces=BERT)
    assert hand.phone.book.by_number(BERT) is None
    assert {page.subject for page in hand.phone.pages if page.subject} == {STRANGER}
    assert hand.press("*").page == "contact"


def test_a_changed_name() -> None:
    hand = Hand().open("2444#81").type("a").press("D")
    assert hand.last == SaveContact(Contact(BERT, "Berta"))
    assert hand.page == "change contact"


def test_deleting_asks_first() -> None:
    assert Hand().open("2444#91").phone.book.by_number(BERT)
    hand = Hand().open("2444#92")
    assert hand.last == DeleteContact(BERT)
    assert hand.page == "contacts"


def test_a_contact_that_is_gone_meanwhile_leaves_no_stuck_page() -> None:
    hand = Hand().open("2444#")
    hand.phone = replace(hand.phone, book=hand.phone.book.without(BERT))
    assert "No longer there" in hand.text
    assert hand.press("123*").page == "contacts"


def test_a_stranger_of_the_log_is_blocked_or_saved() -> None:
    hand = Hand().open("133")
    assert hand.last == SaveContact(Contact(STRANGER, "987 654 3210", blocked=True))
    assert Hand().open("132").page == "new name"
    assert Hand().open("122").page == "contact"


def test_looking_at_the_calls_forgets_the_missed_ones() -> None:
    hand = Hand().open("1")
    assert (hand.phone.missed, hand.commands) == (0, [ForgetMissed()])
    assert Hand(replace(furnished(), missed=0)).open("1").commands == []


def test_where_only_contacts_can_be_called_the_owner_says_who_they_are() -> None:
    child = furnished(Settings(limits=Limits(contacts_only=True), has_pin=True))
    assert Hand(child).open("2#").page == "pin"
    assert Hand(child).open("132").page == "pin"
    assert Hand(child).open("22#8").page == "pin"
    hand = Hand(child).open("133")
    assert hand.phone.book.by_number(STRANGER) is None
    assert "Only the owner may" in hand.text
    hand = Hand(child).open("2#1234#").pin_checked(ok=True)
    assert hand.page == "new number"
    assert hand.press(f"{STRANGER}#").page == "new name"
