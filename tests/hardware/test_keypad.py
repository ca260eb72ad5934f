from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from kallphone.hardware.errors import KeypadUnscanned
from kallphone.hardware.keypad import HELD_AFTER_S, REREAD_S, SCAN_S, SETTLES_AFTER, MatrixKeypad, Place
from kallphone.hardware.pins import KeypadPins
from kallphone.hardware.simulated import SimulatedKeypad
from kallphone.phone.events import Event, KeyHeld, KeyPressed

FOUR_BY_THREE = KeypadPins((5, 6, 13, 16), (22, 23, 24), ("123", "456", "789", "*0#"))
FOUR_BY_FOUR = KeypadPins((5, 6, 13, 16), (22, 23, 24, 25), ("123A", "456B", "789C", "*0#D"))


class Hands:
    """Fingers on a keypad that is scanned by hand."""

    def __init__(self, pins: KeypadPins, factory: MockFactory) -> None:
        self.posted: list[Event] = []
        self.now = 0.0
        self.fingers = SimulatedKeypad(pins, factory)
        self.keypad = MatrixKeypad(pins, self.posted.append, factory, lambda: self.now)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.fingers.press(key)
        self.scans(SETTLES_AFTER)

    def release(self, *keys: str) -> None:
        for key in keys:
            self.fingers.release(key)
        self.scans(SETTLES_AFTER)

    def scans(self, times: int) -> bool:
        for _ in range(times):
            self.now += SCAN_S
            busy = self.keypad.step()
        return busy

    def passes(self, seconds: float) -> None:
        self.scans(round(seconds / SCAN_S))

    @property
    def heard(self) -> str:
        return "".join(event.key for event in self.posted if isinstance(event, KeyPressed))

    @property
    def held(self) -> str:
        return "".join(event.key for event in self.posted if isinstance(event, KeyHeld))


@pytest.fixture(params=[FOUR_BY_THREE, FOUR_BY_FOUR], ids=["4x3", "4x4"])
def hands(request: pytest.FixtureRequest, factory: MockFactory) -> Iterator[Hands]:
    made = Hands(request.param, factory)
    yield made
    made.keypad.stop()


def test_every_key_is_heard_as_itself_once(hands: Hands):
    keys = "".join(hands.fingers.layout)
    for key in keys:
        hands.press(key)
        hands.scans(20)
        hands.release(key)
    assert hands.heard == keys
    assert hands.held == ""


def test_a_key_that_stays_down_is_told_as_held_once_and_was_pressed_before(hands: Hands):
    hands.press("5")
    assert hands.posted == [KeyPressed("5")]
    hands.passes(HELD_AFTER_S - SCAN_S)
    assert hands.held == ""
    hands.passes(2 * SCAN_S)
    assert hands.posted == [KeyPressed("5"), KeyHeld("5")]
    hands.passes(10 * HELD_AFTER_S)
    hands.release("5")
    hands.press("5")
    assert hands.posted == [KeyPressed("5"), KeyHeld("5"), KeyPressed("5")]


def test_each_of_two_keys_is_held_by_its_own_time(hands: Hands):
    hands.press("1")
    hands.passes(HELD_AFTER_S / 2)
    hands.press("6")
    hands.passes(HELD_AFTER_S / 2 + SCAN_S)
    assert hands.held == "1"
    hands.passes(HELD_AFTER_S / 2)
    assert hands.held == "16"


def test_a_held_key_that_bounces_is_still_held(hands: Hands):
    hands.press("9")
    hands.passes(HELD_AFTER_S / 2)
    hands.fingers.release("9")
    hands.scans(SETTLES_AFTER - 1)
    hands.fingers.press("9")
    hands.passes(HELD_AFTER_S / 2)
    assert hands.posted == [KeyPressed("9"), KeyHeld("9")]


BOUNCES = st.lists(st.integers(1, SETTLES_AFTER - 1), max_size=5)
MOVES = st.lists(st.tuples(st.integers(0, 15), BOUNCES), max_size=25)


def conducting(down: set[Place]) -> set[Place]:
    """Every crossing of the rows and columns that closed keys join to each other."""
    nets: list[tuple[set[int], set[int]]] = []
    for row, column in down:
        joined = [net for net in nets if row in net[0] or column in net[1]]
        nets = [net for net in nets if net not in joined]
        rows = {row}.union(*(net[0] for net in joined))
        nets.append((rows, {column}.union(*(net[1] for net in joined))))
    return {(row, column) for rows, columns in nets for row in rows for column in columns}


@settings(deadline=None)
@given(moves=MOVES, pins=st.sampled_from([FOUR_BY_THREE, FOUR_BY_FOUR]))
def test_no_rollover_or_bounce_loses_or_invents_a_key(moves: list[tuple[int, list[int]]], pins: KeypadPins):
    factory = MockFactory()
    hands, down, pressed = Hands(pins, factory), set[Place](), ""
    for number, bounces in moves:
        key = "".join(pins.layout)[number % len("".join(pins.layout))]
        after = down ^ {pins.place(key)}
        if conducting(after) != after:
            continue
        lifts = pins.place(key) in down
        for scans in [*bounces, *bounces[: len(bounces) % 2], SETTLES_AFTER]:
            (hands.fingers.release if lifts else hands.fingers.press)(key)
            hands.scans(scans)
            lifts = not lifts
        pressed += "" if pins.place(key) in down else key
        down = after
        assert hands.heard == pressed
        assert hands.keypad.scan() == down
    hands.keypad.stop()
    factory.close()


def test_a_key_settles_before_it_counts(hands: Hands):
    hands.fingers.press("5")
    hands.scans(SETTLES_AFTER - 1)
    assert hands.heard == ""
    hands.scans(1)
    assert hands.heard == "5"


def test_contact_bounce_is_one_press(hands: Hands):
    for _ in range(6):
        hands.fingers.press("5")
        hands.scans(SETTLES_AFTER - 1)
        hands.fingers.release("5")
        hands.scans(1)
    hands.press("5")
    for _ in range(6):
        hands.fingers.release("5")
        hands.scans(SETTLES_AFTER - 1)
        hands.fingers.press("5")
        hands.scans(1)
    hands.release("5")
    assert hands.heard == "5"


def test_the_next_key_counts_while_the_last_is_still_down(hands: Hands):
    hands.press("1")
    hands.press("6")
    hands.release("1")
    hands.press("8")
    hands.release("6", "8")
    hands.press("1")
    assert hands.heard == "1681"


def test_two_keys_in_one_row_or_one_column_are_two_keys(hands: Hands):
    hands.press("1", "3")
    hands.release("1", "3")
    hands.press("2", "0")
    assert sorted(hands.heard) == ["0", "1", "2", "3"]


def test_three_corners_conduct_the_fourth_and_only_known_keys_count(hands: Hands):
    hands.press("1", "3")
    hands.press("7")
    assert hands.keypad.scan() == {(0, 0), (0, 2), (2, 0), (2, 2)}
    hands.scans(20)
    assert hands.heard == "13"
    hands.release("3")
    assert hands.heard == "137"
    hands.release("1", "7")
    assert not hands.scans(1)


def test_a_ghost_through_two_rows_is_refused(hands: Hands):
    hands.press("1", "2", "5", "6")
    assert hands.heard == ""


def test_only_the_scanned_row_is_driven(hands: Hands, factory: MockFactory):
    hands.press("1", "4")
    assert {factory.pin(pin).function for pin in FOUR_BY_THREE.rows} == {"input"}
    assert hands.keypad.scan() == {(0, 0), (1, 0)}


def test_step_says_when_all_is_quiet(hands: Hands):
    assert not hands.keypad.step()
    hands.fingers.press("9")
    assert hands.keypad.step()
    hands.scans(SETTLES_AFTER)
    hands.fingers.release("9")
    assert hands.scans(SETTLES_AFTER - 1)
    assert not hands.keypad.step()


def test_an_unknown_key_is_refused(hands: Hands):
    with pytest.raises(ValueError, match="no key 'E' on this keypad: it has 1 2 3"):
        hands.fingers.press("E")


@pytest.fixture
def scanned(factory: MockFactory) -> Iterator[tuple[SimulatedKeypad, SimpleQueue[Event]]]:
    heard: SimpleQueue[Event] = SimpleQueue()
    fingers = SimulatedKeypad(FOUR_BY_THREE, factory)
    keypad = MatrixKeypad(FOUR_BY_THREE, heard.put, factory)
    keypad.start()
    yield fingers, heard
    keypad.stop()


def test_taps_reach_the_scan_thread_in_order_and_none_is_lost_or_doubled(
    scanned: tuple[SimulatedKeypad, SimpleQueue[Event]]
):
    fingers, heard = scanned
    dialled = "2345500678#"
    for key in dialled:
        fingers.tap(key)
    assert "".join(heard.get(timeout=30).key for _ in dialled) == dialled
    assert heard.empty()


class WatchedWake(threading.Event):
    """Stands in for the idle scanner's sleep, and acts while it lasts."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.slept: list[float | None] = []
        self.meanwhile = meanwhile

    def wait(self, timeout: float | None = None) -> bool:
        self.slept.append(timeout)
        self.meanwhile()
        return self.is_set()


def test_an_idle_keypad_sleeps_until_any_key_wakes_it(factory: MockFactory):
    for key in "".join(FOUR_BY_THREE.layout):
        hands = Hands(FOUR_BY_THREE, factory)
        wake = hands.keypad._wake = WatchedWake(lambda: hands.fingers.press(key))  # noqa: B023
        for column in hands.keypad._columns:
            column.when_activated = wake.set
        hands.keypad._sleep_until_touched()
        assert wake.slept == [REREAD_S]
        assert wake.is_set()
        hands.fingers.release(key)
        hands.keypad.stop()


def test_a_key_that_is_down_already_lets_nothing_sleep(hands: Hands):
    wake = hands.keypad._wake = WatchedWake(lambda: None)
    hands.fingers.press("1")
    hands.keypad._sleep_until_touched()
    assert wake.slept == []
    assert hands.keypad.scan() == {(0, 0)}


def test_a_tap_on_a_keypad_that_nobody_scans_says_so(factory: MockFactory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kallphone.hardware.simulated.TAP_TIMEOUT_S", 0.01)
    fingers = SimulatedKeypad(FOUR_BY_THREE, factory)
    with pytest.raises(KeypadUnscanned, match="start the keypad"):
        fingers.tap("1")
