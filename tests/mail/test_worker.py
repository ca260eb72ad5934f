"""Two phones, their threads running, over one provider."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from kallnet.account import Account
from kallnet.mail_names import RECEIPT, TEXT, VOICE
from kallnet.sealed import seal
from kallnet.voice import Voice
from kallphone.mail import MailClient
from kallphone.payments.errors import ProviderRefused, ProviderUnreachable
from kallphone.phone.events import MessageArrived, MessageSent, RecordingArrived
from kallphone.phone.messages import LONGEST_TEXT, Message, MessageState
from kallphone.storage.messages import FIRST_INCOMING
from tests.mail.town import NOW, REGISTRY, Phone, Town
from tests.payments.conftest import until

OGG = b"OggS, as opusenc makes it"


def states(phone: Phone) -> list[MessageState]:
    return [event.state for event in phone.posted.of(MessageSent)]


def last_state(phone: Phone) -> MessageState:
    return phone.mail.messages()[0].state


def drop_in(town: Town, sender: Account, phone: Phone, kind: str, body: bytes, time: int = NOW) -> bytes:
    sealed = seal(sender, REGISTRY, phone.account.public_key, kind, body, time)
    town.office.put(phone.account.address, sealed)
    return sealed


def test_a_text_arrives_and_its_writer_hears_so(town: Town, alice: Phone, bob: Phone):
    id_ = alice.mail.next_id()
    alice.mail.send(id_, bob.number, "see you\nat eight\x00")
    arrived = bob.posted.wait_for(MessageArrived).message
    text, delivered = "see you at eight", MessageState.DELIVERED
    assert arrived == Message(FIRST_INCOMING + 1, True, alice.number, text, NOW, False, delivered)
    until(lambda: last_state(alice) is MessageState.DELIVERED)
    assert states(alice)[-1] is MessageState.DELIVERED
    assert states(alice) in ([MessageState.TAKEN, MessageState.DELIVERED], [MessageState.DELIVERED])
    written = Message(id_, False, bob.number, text, NOW, True, delivered)
    assert (alice.mail.messages(), bob.mail.messages()) == ((written,), (arrived,))
    until(lambda: town.office.box(bob.account.address) == town.office.box(alice.account.address) == {})
    assert len(town.office.posted) == 2, "the text and its receipt"
    assert alice.mail.next_id() == id_ + 1


def test_a_phone_that_was_off_gets_it_when_it_is_back(town: Town, alice: Phone):
    bob = town.phone("bob")
    alice.mail.send(1, bob.number, "when you are back")
    until(lambda: last_state(alice) is MessageState.TAKEN)
    bob.start()
    assert bob.posted.wait_for(MessageArrived).message.text == "when you are back"
    until(lambda: last_state(alice) is MessageState.DELIVERED)
    bob.stop()


def test_what_a_dead_provider_does_not_take_waits_also_through_a_restart(town: Town, bob: Phone):
    alice = town.phone("alice")
    town.office.is_away = True
    alice.start()
    alice.mail.send(1, bob.number, "hello")
    alice.mail.send(2, bob.number, "are you there?")
    assert {m.state for m in alice.mail.messages()} == {MessageState.WAITING}
    alice.stop()
    alice.start()
    assert [m.text for m in alice.mail.messages()] == ["are you there?", "hello"]
    town.office.is_away = False
    assert {bob.posted.wait_for(MessageArrived).message.text for _ in range(2)} == {"hello", "are you there?"}
    until(lambda: {m.state for m in alice.mail.messages()} == {MessageState.DELIVERED})
    alice.stop()


def test_a_lost_answer_makes_no_second_message(town: Town, alice: Phone, bob: Phone):
    town.office.behind = [ProviderUnreachable("no answer")] * 3
    alice.mail.send(1, bob.number, "once")
    until(lambda: last_state(alice) is MessageState.DELIVERED)
    until(lambda: town.office.box(bob.account.address) == {})
    assert [m.text for m in bob.mail.messages()] == ["once"]
    texts = {mail.id for mail in town.office.posted if mail.sender == alice.account.address}
    assert len(texts) == 1


@pytest.mark.parametrize("status", [401, 429, 500, 503, 507])
def test_a_refusal_that_passes_is_waited_for(town: Town, alice: Phone, bob: Phone, status: int):
    town.office.before = [ProviderRefused(status, "later")] * 2
    alice.mail.send(1, bob.number, "patience")
    assert bob.posted.wait_for(MessageArrived).message.text == "patience"


@pytest.mark.parametrize("status", [400, 403, 404, 413])
def test_a_refusal_for_good_is_told(town: Town, alice: Phone, status: int):
    bob = town.phone("bob")
    town.office.before = [ProviderRefused(status, "your entry is gone")]
    alice.mail.send(1, bob.number, "no")
    event = alice.posted.wait_for(MessageSent)
    words = "takes no messages" if status == 404 else "refused: your entry is gone"
    assert (event.id, event.state, words in event.words) == (1, MessageState.FAILED, True)
    (message,) = alice.mail.messages()
    assert (message.state, message.words) == (MessageState.FAILED, event.words)
    assert town.office.posted == []


def test_numbers_that_lead_nowhere_fail_at_once(town: Town, alice: Phone):
    nobody = Phone(town, town.directory / "nobody")
    bare = town.phone("bare")
    town.ledger.entries[bare.account.address] = replace(
        town.ledger.client_entry(bare.account.address), providers=()  # type: ignore[type-var]
    ).encode()
    cases = [
        ("1234", "not a Kall number"),
        (nobody.number, "Nobody has this number"),
        (bare.number, "no provider"),
    ]
    for id_, (number, words) in enumerate(cases, 1):
        alice.mail.send(id_, number, "hello")
        event = alice.posted.wait_for(MessageSent)
        assert (event.id, event.state, words in event.words) == (id_, MessageState.FAILED, True), event
    alice.mail.send(9, bare.number, "\x00 \n")
    assert alice.posted.wait_for(MessageSent).words == "There is nothing to send"


def test_an_id_serves_once(town: Town, alice: Phone, bob: Phone):
    alice.mail.send(1, bob.number, "first")
    bob.posted.wait_for(MessageArrived)
    alice.mail.send(1, bob.number, "second")
    until(lambda: MessageState.FAILED in states(alice))
    assert [m.text for m in alice.mail.messages()] == ["first"]


def test_a_ledger_that_is_away_delays_and_loses_nothing(town: Town, alice: Phone, bob: Phone):
    town.ledger.away = True
    alice.mail.send(1, bob.number, "hello")
    assert last_state(alice) is MessageState.WAITING
    town.ledger.away = False
    assert bob.posted.wait_for(MessageArrived).message.text == "hello"


def test_the_second_provider_takes_what_the_first_does_not(town: Town, alice: Phone, bob: Phone):
    dead = town.open_office()
    dead.is_away = True
    town.list(bob.account, dead, town.office)
    alice.mail.send(1, bob.number, "this way")
    assert bob.posted.wait_for(MessageArrived).message.text == "this way"


def test_blocked_senders_are_dropped_without_a_word(town: Town, alice: Phone, bob: Phone):
    bob.blocked.add(alice.number)
    alice.mail.send(1, bob.number, "buy this")
    until(lambda: last_state(alice) is MessageState.TAKEN)
    until(lambda: town.office.box(bob.account.address) == {})
    assert (bob.mail.messages(), bob.posted.of(MessageArrived)) == ((), [])
    assert len(town.office.posted) == 1
    bob.blocked.clear()
    alice.mail.send(2, bob.number, "good morning")
    assert bob.posted.wait_for(MessageArrived).message.text == "good morning"


def test_without_a_session_nothing_is_fetched(town: Town, alice: Phone, bob: Phone):
    bob.stop()
    bob.has_line = False
    bob.start()
    drop_in(town, alice.account, bob, TEXT, b"hello")
    alice.mail.send(1, bob.number, "hello again")
    until(lambda: last_state(alice) is MessageState.TAKEN)
    assert bob.mail.messages() == ()
    bob.password, bob.has_line = "of an old session", True
    bob.password = "password"
    bob.posted.wait_for(MessageArrived)
    bob.posted.wait_for(MessageArrived)


def test_false_mail_is_dropped_and_does_not_stand_in_the_way(town: Town, alice: Phone, bob: Phone):
    for_alice = seal(alice.account, REGISTRY, alice.account.public_key, TEXT, b"not for Bob", NOW)
    for sealed in (for_alice, b"junk" * 200):
        town.office.put(bob.account.address, sealed)
    drop_in(town, alice.account, bob, TEXT, b"\xff\xfe")
    drop_in(town, alice.account, bob, TEXT, b"\x00")
    drop_in(town, alice.account, bob, VOICE, b"no recording")
    drop_in(town, alice.account, bob, RECEIPT, bytes(32))
    drop_in(town, alice.account, bob, "hologram", b"of a later version")
    drop_in(town, alice.account, bob, TEXT, b"x" * 2000, NOW + 500)
    message = bob.posted.wait_for(MessageArrived).message
    assert (message.text, message.at) == ("x" * LONGEST_TEXT, NOW)
    until(lambda: town.office.box(bob.account.address) == {})
    assert len(bob.mail.messages()) == 1


def test_a_receipt_of_somebody_else_proves_nothing(town: Town, alice: Phone):
    bob, mallory = town.phone("bob"), Account.generate()
    alice.mail.send(1, bob.number, "hello")
    until(lambda: last_state(alice) is MessageState.TAKEN)
    (mail,) = town.office.posted
    drop_in(town, mallory, alice, RECEIPT, mail.id)
    until(lambda: town.office.box(alice.account.address) == {})
    assert last_state(alice) is MessageState.TAKEN
    drop_in(town, bob.account, alice, RECEIPT, mail.id)
    until(lambda: last_state(alice) is MessageState.DELIVERED)


def test_a_sender_the_ledger_did_not_tell_gets_a_number_after_a_restart(town: Town, alice: Phone, bob: Phone):
    town.ledger.away = True
    drop_in(town, alice.account, bob, TEXT, b"who am I?")
    assert bob.posted.wait_for(MessageArrived).message.number == ""
    bob.stop()
    town.ledger.away = False
    bob.start()
    until(lambda: bob.mail.messages()[0].number == alice.number)


def test_a_text_that_comes_again_is_receipted_again(town: Town, bob: Phone):
    alice = town.phone("alice")
    sealed = drop_in(town, alice.account, bob, TEXT, b"did you get this?")
    until(lambda: len(town.office.posted) == 1)
    until(lambda: town.office.box(bob.account.address) == {} and bob.mail._letters.pending() == [])
    town.office.box(alice.account.address).clear()
    town.office.put(bob.account.address, sealed)
    until(lambda: len(town.office.posted) == 2)
    assert {mail.recipient for mail in town.office.posted} == {alice.account.address}
    assert len(bob.mail.messages()) == 1


def test_read_and_deleted_messages_stay_so(town: Town, alice: Phone, bob: Phone):
    sealed = drop_in(town, alice.account, bob, TEXT, b"one")
    drop_in(town, alice.account, bob, TEXT, b"two")
    first, second = (bob.posted.wait_for(MessageArrived).message for _ in range(2))
    bob.mail.mark_read(first.id)
    bob.mail.delete(second.id)
    bob.mail.delete(77)
    bob.stop()
    bob.start()
    assert bob.mail.messages() == (replace(first, read=True),)
    bob.mail.delete(first.id)
    town.office.put(bob.account.address, sealed)
    until(lambda: town.office.box(bob.account.address) == {})
    assert bob.mail.messages() == (), "it was had before"
    drop_in(town, alice.account, bob, TEXT, b"three")
    assert bob.posted.wait_for(MessageArrived).message.id not in (first.id, second.id)


def test_a_message_that_waits_can_be_taken_back(town: Town, bob: Phone):
    alice = town.phone("alice")
    alice.open().send(1, bob.number, "a mistake")
    alice.mail.delete(1)
    alice.mail.send(2, bob.number, "hello")
    alice.mail.start()
    assert bob.posted.wait_for(MessageArrived).message.text == "hello"
    assert [m.text for m in bob.mail.messages()] == ["hello"]
    alice.stop()


def test_recordings_of_the_owner_s_machine_name_the_caller(town: Town, alice: Phone, bob: Phone):
    machine = town.phone("machine")
    bob.machines.add(machine.number)
    client = MailClient(machine.account, REGISTRY, town.ledger, machine._connect, lambda: NOW)
    voice = Voice(12, NOW - 60, OGG, caller=alice.account.address)
    id_ = client.leave(bob.account.address, VOICE, voice.encode())
    recording = bob.posted.wait_for(RecordingArrived).recording
    file = bob.recordings / f"{id_.hex()}.opus"
    assert (recording.number, recording.at, recording.seconds) == (alice.number, NOW - 60, 12)
    assert (recording.file, recording.read) == (str(file), False)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (OGG, 0o600)
    assert (bob.mail.recordings(), bob.mail.messages()) == ((recording,), ())
    client.leave(bob.account.address, VOICE, Voice(3, NOW, OGG, number="+41315550100").encode())
    assert bob.posted.wait_for(RecordingArrived).recording.number == "+41315550100"
    bob.mail.delete(recording.id)
    assert not file.exists()
    assert len(bob.mail.recordings()) == 1
    assert len(town.office.posted) == 2, "recordings are not receipted"


def test_a_recording_waits_for_the_ledger_that_tells_its_caller(town: Town, alice: Phone, bob: Phone):
    machine = town.phone("machine")
    bob.machines.add(machine.number)
    town.ledger.away = True
    voice = Voice(12, NOW, OGG, caller=alice.account.address)
    drop_in(town, machine.account, bob, VOICE, voice.encode())
    drop_in(town, alice.account, bob, TEXT, b"a text does not")
    bob.posted.wait_for(MessageArrived)
    assert bob.mail.recordings() == ()
    town.ledger.away = False
    assert bob.posted.wait_for(RecordingArrived).recording.number == alice.number


def test_anybody_else_s_recording_is_from_whom_sealed_it(town: Town, alice: Phone, bob: Phone):
    voice = Voice(12, NOW, OGG, caller=bob.account.address, number="112")
    drop_in(town, alice.account, bob, VOICE, voice.encode())
    assert bob.posted.wait_for(RecordingArrived).recording.number == alice.number


def test_a_phone_stops_while_it_waits_for_mail(town: Town, alice: Phone):
    with town.office.changed:
        assert town.office.changed.wait_for(lambda: town.office.waiting == 1, 30)
    alice.stop()
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"mail", "mail-poll"}
