"""What needs a hand, an eye or an ear: keypad, hook, lamps, bell, display, handset."""

from __future__ import annotations

from collections.abc import Callable

from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.doctor.sound import QUIET_DBFS, Air, Loop, SoundFailed, measure, pattern_of_tone
from kallphone.doctor.stage import Stage, agreed
from kallphone.hardware.glass import I2C_HZ
from kallphone.phone.events import KeyHeld, KeyPressed
from kallphone.phone.lamps import Light
from kallphone.phone.menu import glance
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.screens import COLUMNS, Screen, TextLine
from kallphone.phone.sound import Ring
from kallphone.phone.words import N_

HANDS_OFF_S = 2.0
"""Longer than a key has to be down to count as held."""

NEXT_KEY_S = 15.0
MOVE_S = 20.0
RING_S = 2.0
_RING = Ring(((1.0, 0.5),), volume=10)
BRIGHT_S = 3.0
ALL_BRIGHT = Screen(tuple(TextLine("█" * COLUMNS) for _ in range(glance.MOST_ROWS)), bright=True)


def check_keypad(stage: Stage, layout: tuple[str, ...]) -> Finding:
    """First which keys are down although nobody presses, then whether each can be."""
    stuck = _stuck(stage)
    if stuck:
        return bad(
            "keypad", N_("Stuck: {keys}. Look for a short between its row and column."), keys=" ".join(stuck)
        )
    missing = list("".join(layout))
    until = stage.now() + NEXT_KEY_S
    while missing:
        stage.say(N_("Keypad"), text(N_("Press each key once:")), own(" ".join(missing)))
        match stage.wait(until - stage.now()):
            case KeyPressed(key=key):
                missing = [one for one in missing if one != key]
                until = stage.now() + NEXT_KEY_S
            case None:
                return _unpressed(missing, layout)
    return good("keypad", N_("All {count} keys work."), count=sum(map(len, layout)))


def _stuck(stage: Stage) -> list[str]:
    stage.say(N_("Keypad"), text(N_("Hands off the keys for a moment.")))
    down: list[str] = []
    until = stage.now() + HANDS_OFF_S
    while (left := until - stage.now()) > 0:
        match stage.wait(left):
            case KeyHeld(key=key):
                down.append(key)
    return down


def _unpressed(missing: list[str], layout: tuple[str, ...]) -> Finding:
    keys = " ".join(missing)
    if len(missing) == sum(map(len, layout)):
        return bad(
            "keypad",
            N_("No key came. If you pressed some, look at the keypad's cable and its order of wires."),
        )
    for row in layout:
        if set(row) == set(missing):
            return bad(
                "keypad",
                N_("Keys of a whole row are missing: {keys}. Look at the wire of that row."),
                keys=keys,
            )
    for column in zip(*layout, strict=True):
        if set(column) == set(missing):
            return bad(
                "keypad",
                N_("Keys of a whole column are missing: {keys}. Look at the wire of that column."),
                keys=keys,
            )
    return bad("keypad", N_("Not seen: {keys}. If you pressed them, clean or change the keypad."), keys=keys)


def check_hook(stage: Stage) -> Finding:
    """Laid down, lifted, laid down again; the first only where the handset is off its cradle already."""
    if stage.lifted and not _moved(stage, N_("Hook"), text(N_("Lay the handset down.")), lifted=False):
        return _unmoved(lifted=True)
    if not _moved(stage, N_("Hook"), text(N_("Lift the handset.")), lifted=True):
        return _unmoved(lifted=False)
    if not _moved(stage, N_("Hook"), text(N_("Lay the handset down.")), lifted=False):
        return _unmoved(lifted=True)
    return good("hook", N_("Lifting and laying down are seen."))


def _moved(stage: Stage, title: str, said: Text, *, lifted: bool) -> bool:
    """Asks for it; false where the handset is not there in time."""
    stage.say(title, said)
    until = stage.now() + MOVE_S
    while stage.lifted is not lifted and (left := until - stage.now()) > 0:
        stage.wait(left)
    return stage.lifted is lifted


def _unmoved(*, lifted: bool) -> Finding:
    if lifted:
        return bad(
            "hook", N_("Laying down was not seen. Look whether the hook moves freely, and at its wires.")
        )
    return bad(
        "hook", N_("Lifting was not seen. Look at the hook's two wires; pins.toml says where they go.")
    )


def check_lamps(stage: Stage) -> Finding:
    stage.light(line=Light.ON, message=Light.BLINKING)
    seen = agreed(stage, N_("Lamps"), text(N_("One lamp burns, the other blinks. Do they?")))
    stage.light(line=Light.OFF, message=Light.OFF)
    if seen is None:
        return skipped("lamps", N_("Nobody answered."))
    if not seen:
        return bad("lamps", N_("A lamp is dark. Look which way round it sits, and at its resistor and wire."))
    return good("lamps", N_("Both lamps light."))


def check_ringer(stage: Stage) -> Finding:
    stage.ring(_RING)
    stage.say(N_("Bell"), text(N_("The bell rings.")))
    until = stage.now() + RING_S
    while (left := until - stage.now()) > 0:
        stage.wait(left)
    stage.ring(None)
    heard = agreed(stage, N_("Bell"), text(N_("Did you hear it?")))
    if heard is None:
        return skipped("bell", N_("Nobody answered."))
    if not heard:
        return bad(
            "bell", N_("The bell is silent. Look at its wires, and at the ringer's lines in pins.toml.")
        )
    return good("bell", N_("The bell rings."))


def check_display(stage: Stage, bus_hz: int | None, trouble: str = "") -> Finding:
    """Every pixel lights once; then the speed of the bus, in Hz, None where it is not told.

    `trouble` says why there is no display at all.
    """
    if trouble:
        return bad(
            "display",
            N_("The display does not answer. Look at its four wires, and at bus and address in pins.toml."),
            why=trouble,
        )
    stage.show(ALL_BRIGHT)
    stage.wait(BRIGHT_S)
    seen = agreed(stage, N_("Display"), text(N_("The display was all bright. Without holes?")))
    if seen is False:
        return bad(
            "display", N_("The display has holes. Look at its four wires, and at chip and size in pins.toml.")
        )
    if bus_hz is not None and bus_hz < I2C_HZ:
        return warning(
            "display",
            N_("Its bus runs at {khz} kHz, so it follows slowly: set 400 kHz, see docs/doctor.md."),
            khz=bus_hz // 1000,
        )
    if seen is None:
        return skipped("display", N_("Nobody answered."))
    return good("display", N_("All of the display lights."))


def check_handset(stage: Stage, air: Callable[[], Air | None]) -> Finding:
    """What the ear plays comes back through the air; else a person says which half is at fault."""
    handset = air()
    if handset is None:
        return skipped("handset", N_("No sound device is set: [audio] device in kallphone.toml."))
    _moved(
        stage,
        N_("Handset"),
        text(N_("Lift it, and hold a hand over both its ends. It beeps, and listens.")),
        lifted=True,
    )
    try:
        loop = measure(handset.through(pattern_of_tone()))
    except SoundFailed as error:
        return bad("handset", N_("Its sound device can't be used: {why}. Look at its plug."), why=str(error))
    return _heard(stage, loop)


def _heard(stage: Stage, loop: Loop) -> Finding:
    delay_ms, tone_dbfs = round(loop.delay_ms), round(loop.tone_dbfs)
    if loop.heard and tone_dbfs < QUIET_DBFS:
        return warning(
            "handset",
            N_("Ear and microphone work, but the tone came back softly. Set the microphone louder."),
            delay_ms=delay_ms,
            tone_dbfs=tone_dbfs,
        )
    if loop.heard:
        return good("handset", N_("Ear and microphone work."), delay_ms=delay_ms, tone_dbfs=tone_dbfs)
    by_ear = agreed(stage, N_("Handset"), text(N_("It did not hear its beeps. Did you hear them?")))
    if by_ear is None:
        return skipped(
            "handset",
            N_("The beeps did not come back, and nobody said whether they sounded."),
            tone_dbfs=tone_dbfs,
        )
    if not by_ear:
        return bad(
            "handset",
            N_("The ear is silent. Look at its wires, and at [audio] device in kallphone.toml."),
            tone_dbfs=tone_dbfs,
        )
    if loop.silent:
        return bad(
            "handset",
            N_("The microphone brings nothing at all. Look at its wires and its plug."),
            tone_dbfs=tone_dbfs,
        )
    return warning(
        "handset",
        N_("The microphone did not hear the ear. Make a test call; if nobody hears you, look at its wires."),
        tone_dbfs=tone_dbfs,
    )
