from __future__ import annotations

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Address
from kallnet.number import number_for
from kallphone.phone.book import LONGEST_NAME, MOST_CONTACTS, Book, Contact
from kallphone.storage.vcards import merge, written


def number(of: int) -> str:
    return f"{number_for(Address(of.to_bytes(20, 'big')), 0):010d}"


ANNA, BEN, CARO = number(1), number(2), number(3)
NOBODYS = str(int(ANNA[:-1])) + str((int(ANNA[-1]) + 1) % 10)


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""))


def test_cards_of_both_versions_are_read():
    text = card("FN:Anna", f"TEL;TYPE=HOME:{ANNA[:3]} {ANNA[3:6]}-{ANNA[6:]}") + card(
        "FN:Ben", f"TEL;VALUE=uri;TYPE=\"voice,home\":tel:{BEN}", "EMAIL:b@example.org", version="4.0"
    )
    done = merge(Book(), text)
    assert done.book.contacts == (Contact(ANNA, "Anna"), Contact(BEN, "Ben"))
    assert (done.added, done.skipped) == (2, ())


@pytest.mark.parametrize(
    "line", ["X-KALL:{}", "IMPP:kall:{}", "item1.TEL:{}", "TEL;PREF=1:{}", "tel;type=cell:tel:{};ext=1"]
)
def test_a_number_stands_in_any_of_its_places(line: str):
    assert merge(Book(), card("FN:Anna", line.format(ANNA))).book.by_number(ANNA) == Contact(ANNA, "Anna")


def test_a_card_with_its_own_kall_number_is_not_searched_for_others():
    """One telephone number in ten looks like a Kall number."""
    book = merge(Book(), card("FN:Anna", f"TEL:{BEN}", f"X-KALL:{ANNA}")).book
    assert [one.number for one in book.contacts] == [ANNA]


def test_a_card_with_two_kall_numbers_makes_two_contacts_and_a_repeated_one_none():
    book = merge(Book(), card("FN:Anna", f"TEL:{ANNA}", f"TEL:{BEN}", f"IMPP:kall:{ANNA}")).book
    assert [(one.number, one.name) for one in book.contacts] == sorted([(ANNA, "Anna"), (BEN, "Anna")])


def test_what_can_not_be_taken_is_named_with_its_reason():
    text = (
        card("FN:Shop", "TEL:+49 30 123456")
        + card("TEL")
        + card("FN:Typo", f"TEL:{NOBODYS}")
        + card("FN:Anna", f"TEL:{ANNA}")
    )
    done = merge(Book(), text)
    assert [(one.card, one.who) for one in done.skipped] == [(1, "Shop"), (2, ""), (3, "Typo")]
    assert "no Kall number" in done.skipped[0].why
    assert "can be read" in done.skipped[1].why
    assert [one.name for one in done.book.contacts] == ["Anna"]


def test_a_second_import_changes_nothing():
    text = card("FN:Anna", f"TEL:{ANNA}") + card("FN:Ben", f"TEL:{BEN}")
    book = merge(Book(), text).book
    again = merge(book, text + text)
    assert (again.book, again.contacts, again.added) == (book, (), 0)


def test_a_known_number_gets_the_name_and_keeps_how_it_is_treated():
    known = Contact(ANNA, "A.", b"a" * 20, favourite=True, blocked=True, auto_answer=True, key="3", limit=7)
    done = merge(Book((known,)), card("FN:Anna", f"TEL:{ANNA}"))
    (contact,) = done.contacts
    assert (contact.name, contact.account, contact.favourite) == ("Anna", b"a" * 20, True)
    assert (contact.blocked, contact.auto_answer, contact.key, contact.limit) == (True, True, "3", 7)
    assert done.added == 0


def test_a_file_makes_no_calls_answer_themselves():
    done = merge(Book(), card("FN:Anna", f"TEL:{ANNA}", "X-KALL-AUTO-ANSWER:1"))
    assert not done.contacts[0].auto_answer


@pytest.mark.parametrize("extra", ["KEY:0", "KEY:12", "LIMIT:-5", "LIMIT:many", "LIMIT:٣", "RING:x"])
def test_nonsense_in_our_own_fields_is_left_out(extra: str):
    done = merge(Book(), card("FN:Anna", f"TEL:{ANNA}", f"X-KALL-{extra}"))
    assert done.contacts == (Contact(ANNA, "Anna"),)


def test_a_full_book_takes_no_more_and_says_so():
    full = Book(tuple(Contact(number(n), f"{n:03d}") for n in range(10, 10 + MOST_CONTACTS)))
    done = merge(full, card("FN:Anna", f"TEL:{ANNA}") + card("FN:Ten", f"TEL:{number(10)}"))
    assert len(done.book.contacts) == MOST_CONTACTS
    assert "full" in done.skipped[0].why
    assert done.contacts == (Contact(number(10), "Ten"),)


def test_a_name_without_letters_becomes_the_number_and_a_long_one_is_cut():
    (contact,) = merge(Book(), card("FN: \\n ", f"TEL:{ANNA}")).contacts
    assert contact.name == ANNA
    (contact,) = merge(Book(), card("FN:" + "x" * 99, f"TEL:{ANNA}")).contacts
    assert contact.name == "x" * LONGEST_NAME
    (contact,) = merge(Book(), card("N:Muster;Anna;;;", f"TEL:{ANNA}")).contacts
    assert contact.name == "Anna Muster"


names = st.text(
    st.characters(categories=("L", "N", "P", "S"), include_characters=" ;,\\:'\""), min_size=1, max_size=30
).map(lambda text: " ".join(text.split()) or "x")
treated = st.builds(
    Contact,
    st.integers(0, 5).map(number),
    names,
    favourite=st.booleans(),
    blocked=st.booleans(),
    key=st.sampled_from(["", "1", "9"]),
    limit=st.integers(0, 2**62),
    ring=st.integers(0, 4),
)


@given(st.lists(treated, max_size=6))
def test_what_is_written_is_read_back(contacts: list[Contact]):
    book = Book()
    for contact in contacts:
        book = book.with_contact(contact)
    done = merge(Book(), written(book))
    assert done.book == book
    assert done.skipped == ()


def test_what_is_written_is_a_vcard_4_without_the_account():
    text = written(Book((Contact(ANNA, "Zoë; die Chefin", b"secret of a kind1234"),)))
    parsed = vobject.readOne(text)
    assert parsed.version.value == "4.0"
    assert parsed.fn.value == "Zoë; die Chefin"
    assert parsed.tel.value == ANNA
    assert b"secret of a kind1234".hex() not in text


@given(st.text(max_size=300))
def test_no_file_breaks_an_import(text: str):
    merge(Book(), text)
    merge(Book(), card(*text.splitlines(), f"TEL:{ANNA}"))
