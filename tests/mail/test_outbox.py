"""When what is tried, and for how long: the outbox without its thread, by clocks of the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kallphone.mail.outbox import AGAIN_S, FIRST_PAUSE_S, LONGEST_PAUSE_S, TRIED_S
from kallphone.payments.errors import ProviderRefused, ProviderUnreachable
from kallphone.phone.events import MessageSent
from kallphone.phone.messages import MessageState
from tests.mail.town import Town


class Desk:
    """Alice's outbox and a clock that only the test moves."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.bob = town.phone("bob")
        self.alice = town.phone("alice")
        self.now = 1000.0
        self.open()

    def open(self) -> None:
        self.alice.open()
        self.outbox = self.alice.mail._outbox
        self.outbox._monotonic = lambda: self.now
        self.outbox._first_pause = FIRST_PAUSE_S

    def step(self, seconds: float = 0.0) -> float | None:
        self.now += seconds
        return self.outbox._step()

    @property
    def state(self) -> MessageState:
        return self.alice.mail.messages()[0].state


@pytest.fixture
def desk(town: Town) -> Iterator[Desk]:
    desk = Desk(town)
    yield desk
    desk.alice.stop()


def test_pauses_grow_and_end(desk: Desk):
    desk.town.office.is_away = True
    desk.alice.mail.send(1, desk.bob.number, "hello")
    pauses = []
    for _ in range(14):
        pause = desk.step()
        assert pause is not None
        pauses.append(pause)
        assert desk.step(pause - 1) == 1
        desk.now += 1
    assert pauses[:4] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S, 8 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S
    desk.town.office.is_away = False
    desk.step()
    assert desk.state is MessageState.TAKEN


def test_one_that_waits_does_not_hold_up_another(desk: Desk):
    desk.town.office.before = [ProviderRefused(507, "full")]
    desk.alice.mail.send(1, desk.bob.number, "first")
    desk.step()
    desk.alice.mail.send(2, desk.bob.number, "second")
    desk.step()
    assert [m.state for m in desk.alice.mail.messages()] == [MessageState.TAKEN, MessageState.WAITING]


def test_without_a_receipt_it_goes_out_anew_as_the_same_message(desk: Desk):
    desk.alice.mail.send(1, desk.bob.number, "hello")
    assert desk.step() == AGAIN_S
    desk.town.office.boxes.clear()
    desk.step(AGAIN_S - 1)
    assert len(desk.town.office.posted) == 1
    desk.alice.stop()
    desk.open()
    assert desk.step() == AGAIN_S, "a restart is no reason"
    desk.town.office.before = [ProviderRefused(403, "not any more")]
    assert desk.step(AGAIN_S) == AGAIN_S
    assert desk.state is MessageState.TAKEN, "it was taken once"
    desk.step(AGAIN_S)
    first, second = desk.town.office.posted
    assert first.id == second.id
    assert [e.state for e in desk.alice.posted.of(MessageSent)] == [MessageState.TAKEN]


def test_after_a_month_it_has_failed(desk: Desk):
    desk.town.office.is_away = True
    desk.alice.mail.send(1, desk.bob.number, "hello")
    desk.step()
    desk.town.now += TRIED_S
    desk.step(LONGEST_PAUSE_S)
    assert desk.state is MessageState.WAITING
    desk.town.now += 1
    assert desk.step(LONGEST_PAUSE_S) is None
    (event,) = desk.alice.posted.of(MessageSent)
    assert (event.state, "30 days" in event.words) == (MessageState.FAILED, True)


def test_a_taken_one_stays_taken_when_the_month_is_over(desk: Desk):
    desk.alice.mail.send(1, desk.bob.number, "hello")
    desk.step()
    desk.town.now += TRIED_S + 1
    assert desk.step(AGAIN_S) is None
    assert desk.state is MessageState.TAKEN
    assert desk.step() is None


def test_the_most_hopeful_failure_of_several_providers_counts(desk: Desk):
    dead = desk.town.open_office()
    dead.is_away = True
    desk.town.list(desk.bob.account, desk.town.office, dead)
    desk.town.office.before = [ProviderRefused(403, "not a client"), ProviderRefused(403, "not a client")]
    desk.alice.mail.send(1, desk.bob.number, "hello")
    desk.step()
    assert desk.state is MessageState.WAITING
    dead.is_away = False
    dead.before = [ProviderRefused(400, "malformed")]
    desk.step(FIRST_PAUSE_S)
    assert desk.state is MessageState.FAILED
    assert desk.alice.posted.of(MessageSent)[0].words.endswith("refused: not a client")


def test_a_fault_of_ours_fails_one_message_and_not_the_outbox(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    desk.alice.mail.send(1, desk.bob.number, "hello")
    with monkeypatch.context() as patch:
        patch.setattr(desk.outbox._client, "post", broken)
        desk.step()
    assert desk.state is MessageState.FAILED
    assert "ZeroDivisionError" in caplog.text
    desk.alice.mail.send(2, desk.bob.number, "hello")
    desk.step()
    assert desk.state is MessageState.TAKEN


def test_what_is_cut_by_the_end_waits_for_the_next_start(desk: Desk):
    desk.alice.mail.send(1, desk.bob.number, "hello")
    desk.town.office.before = [ProviderUnreachable("cut")]
    desk.outbox._stopping = True
    desk.step()
    assert desk.state is MessageState.WAITING


def test_no_text_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    desk.town.office.before = [ProviderRefused(400, "malformed")]
    desk.alice.mail.send(1, desk.bob.number, "a secret")
    desk.step()
    assert caplog.text
    assert "a secret" not in caplog.text


def test_a_letter_shows_no_text(desk: Desk):
    desk.alice.mail.send(1, desk.bob.number, "a secret")
    (pending,) = desk.alice.mail._letters.pending()
    letter = desk.alice.mail._letters.letter(pending.serial)
    assert letter is not None
    assert "secret" not in repr(letter)


def test_a_new_letter_does_not_inherit_the_pause_of_one_that_is_gone(desk: Desk):
    desk.alice.mail.send(1, desk.bob.number, "hello")
    desk.step()
    desk.alice.mail.delete(1)
    desk.alice.mail.send(2, desk.bob.number, "hello again")
    desk.step()
    assert desk.state is MessageState.TAKEN
