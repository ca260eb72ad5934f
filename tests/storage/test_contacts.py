from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallphone.phone.book import MOST_CONTACTS, Book, Contact
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.errors import BookFull

ANNA = Contact("6677335183", "Anna", b"a" * 20, favourite=True, key="1", limit=5, ring=2)
BEN = Contact("2345678901", "ben", blocked=True, auto_answer=True)


@pytest.fixture
def store(tmp_path: Path) -> ContactStore:
    return ContactStore(Database(tmp_path / "phone.sqlite"))


def test_contacts_come_back_by_name(store: ContactStore):
    assert store.load() == Book()
    store.save(BEN)
    store.save(ANNA)
    assert store.load().contacts == (ANNA, BEN)


def test_a_changed_number_replaces_the_old_one(store: ContactStore):
    store.save(ANNA)
    moved = Contact("9876543210", "Anna")
    store.save(moved, replaces=ANNA.number)
    assert store.load().contacts == (moved,)


def test_a_contact_is_deleted(store: ContactStore):
    store.save(ANNA)
    store.delete(ANNA.number)
    store.delete("nobody")
    assert store.load() == Book()


def test_all_are_saved_or_none(store: ContactStore):
    many = [Contact(f"{2_000_000_000 + n}", f"Name {n}") for n in range(MOST_CONTACTS)]
    store.save(ANNA)
    with pytest.raises(BookFull, match="delete some first"):
        store.save_all(many)
    assert store.load().contacts == (ANNA,)
    store.delete(ANNA.number)
    store.save_all(many)
    assert store.load().full


numbers = st.sampled_from(["2000000001", "2000000002", "2000000003"])
contacts = st.builds(Contact, numbers, st.text(max_size=5), key=st.sampled_from(["", "1", "2"]))
steps = st.lists(st.tuples(st.booleans(), contacts, st.one_of(st.just(""), numbers)), max_size=12)


@given(steps)
def test_the_disk_and_the_book_in_hand_never_differ(tmp_path_factory: pytest.TempPathFactory, steps: list):
    store = ContactStore(Database(tmp_path_factory.mktemp("book") / "phone.sqlite"))
    book = Book()
    for keeps, contact, replaces in steps:
        if keeps:
            store.save(contact, replaces)
            book = book.with_contact(contact, replaces)
        else:
            store.delete(contact.number)
            book = book.without(contact.number)
    assert store.load() == book
