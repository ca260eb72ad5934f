"""What the HAT is made of, block by block. Nets of the header come from the pin table."""

from __future__ import annotations

from hardware.hat.sheet import DOWN, LEFT, RIGHT, Part, Sheet
from hardware.hat.symbols import Point
from hardware.header import GPIO_AT, POWER, net_at

from kallphone.hardware.pins import Pins

R0603 = "Resistor_SMD:R_0603_1608Metric"
C0603 = "Capacitor_SMD:C_0603_1608Metric"
C1206 = "Capacitor_SMD:C_1206_3216Metric"
SOT23 = "Package_TO_SOT_SMD:SOT-23"
ARRAY = "Resistor_SMD:R_Array_Convex_4x0603"
SCREWS = "TerminalBlock_Phoenix:TerminalBlock_Phoenix_MPT-0,5-2-2.54_1x02_P2.54mm_Horizontal"


def pin_row(count: int) -> str:
    return f"Connector_PinHeader_2.54mm:PinHeader_1x{count:02}_P2.54mm_Vertical"


class Drawing:
    """Places parts and numbers them in the order in which they come."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._numbers: dict[str, int] = {}

    def number(self, prefix: str) -> str:
        """The next free reference, such as "R7"."""
        self._numbers[prefix] = self._numbers.get(prefix, 0) + 1
        return f"{prefix}{self._numbers[prefix]}"

    def upright(self, name: str, prefix: str, value: str, at: Point, footprint: str, turn: int = 0) -> Part:
        """A part of two pins that stands, with its texts to the right."""
        texts = ((1.1, -0.5), (1.1, 0.5))
        return self.sheet.place(name, self.number(prefix), value, at, turn, texts=texts, footprint=footprint)

    def lying(self, name: str, prefix: str, value: str, at: Point, footprint: str, turn: int = 90) -> Part:
        """A part of two pins along a wire, with its texts above and below."""
        reach = 1 if name == "Device:R" else 1.5
        texts = ((0, -reach), (0, reach))
        return self.sheet.place(
            name, self.number(prefix), value, at, turn, texts=texts, anchor="", footprint=footprint
        )

    def capacitor(self, value: str, at: Point, footprint: str = C0603) -> Part:
        return self.upright("Device:C", "C", value, at, footprint)

    def decoupled(self, net: str, values: tuple[str, ...], at: Point, step: float = 5) -> None:
        """Capacitors side by side from a supply to ground."""
        for index, value in enumerate(values):
            part = self.capacitor(value, (at[0] + index * step, at[1]), C1206 if value == "100u" else C0603)
            self.sheet.stub(part, 1, net, 0.5)
            self.sheet.stub(part, 2, "GND", 0.5)

    def chip(
        self, name: str, prefix: str, value: str, at: Point, texts: tuple[Point, Point], footprint: str
    ) -> Part:
        return self.sheet.place(name, self.number(prefix), value, at, texts=texts, footprint=footprint)


def header(drawing: Drawing, pins: Pins) -> None:
    sheet = drawing.sheet
    sheet.block("Raspberry Pi, 40 pins", (5, 5), (46, 39))
    part = drawing.chip(
        "Connector_Generic:Conn_02x20_Odd_Even",
        "J",
        "Raspberry_Pi",
        (24, 22),
        ((-1.5, -12), (-1.5, -11)),
        "Connector_PinSocket_2.54mm:PinSocket_2x20_P2.54mm_Vertical",
    )
    used = net_at(pins)
    for position in range(1, 41):
        if position in used:
            sheet.stub(part, position, used[position], 1 if position in POWER else 2)
        else:
            sheet.no_connect(part, position)
        if position in GPIO_AT:
            x = 10.5 if position % 2 else 36.5
            sheet.text(f"GPIO {GPIO_AT[position]}", (x, part.pin(position)[1] - 0.35), 1)


def power(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Power", (48, 5), (91, 21))
    drawing.decoupled("+5V", ("100u", "10u"), (51, 13))
    drawing.decoupled("+3V3", ("10u",), (61, 13))
    for x, net in ((68, "+5V"), (76, "+3V3"), (84, "GND")):
        sheet.flag((x, 12))
        sheet.wire((x, 12), (x, 13))
        sheet.power(net, (x, 13), DOWN)
    sheet.text(
        "5 V and 3.3 V come from the Pi. What rings or glows takes 5 V;\nthe codec's analogue side "
        "has a regulator of its own.",
        (50, 17.5),
        1.1,
    )


def identity(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Identity of the HAT", (93, 5), (126, 21))
    part = drawing.chip(
        "Memory_EEPROM:24LC32",
        "U",
        "24LC32",
        (103, 13),
        ((1, -3.5), (1, 3.5)),
        "Package_SO:SOIC-8_3.9x4.9mm_P1.27mm",
    )
    for pin in (1, 2, 3):
        sheet.wire(part.pin(pin), (98, part.pin(pin)[1]))
    sheet.wire((98, 12), (98, 13), (98, 14), (98, 15))
    sheet.power("GND", (98, 15), DOWN)
    sheet.stub(part, 8, "+3V3", 0.5)
    sheet.stub(part, 4, "GND", 0.5)
    for pin, net, x in ((5, "ID_SD", 110), (6, "ID_SC", 114)):
        at = part.pin(pin)
        pull = drawing.upright("Device:R", "R", "3k9", (x, 9.5), R0603)
        sheet.stub(pull, 1, "+3V3", 0.5)
        sheet.wire(pull.pin(2), (x, at[1]))
        sheet.wire(at, (x, at[1]), (119, at[1]))
        sheet.label(net, (119, at[1]), RIGHT)
    write = part.pin(7)
    protect = drawing.upright("Device:R", "R", "10k", (110, 17.5), R0603)
    sheet.wire(write, (110, write[1]), protect.pin(1))
    sheet.power("GND", protect.pin(2), DOWN)
    drawing.decoupled("+3V3", ("100n",), (122, 18))


def keypad(drawing: Drawing, pins: Pins) -> None:
    sheet = drawing.sheet
    sheet.block("Keypad", (48, 23), (91, 39))
    names = [f"KEY_ROW{row + 1}" for row in range(4)] + [f"KEY_COL{column + 1}" for column in range(4)]
    wired = set(net_at(pins).values())
    connector = drawing.sheet.place(
        "Connector_Generic:Conn_01x08",
        drawing.number("J"),
        "Keypad",
        (74, 30),
        texts=((1.2, -0.5), (1.2, 0.5)),
        footprint=pin_row(8),
    )
    for first, y, over in ((0, 29, -3.6), (4, 33, 2.7)):
        array = sheet.place(
            "Device:R_Pack04",
            drawing.number("RN"),
            "330R array",
            (64, y),
            270,
            texts=((-2.8, over), (1.2, over)),
            anchor="",
            footprint=ARRAY,
        )
        for index in range(4):
            near, far = array.pin(index + 1), array.pin(8 - index)
            sheet.wire(far, connector.pin(first + index + 1))
            if names[first + index] in wired:
                sheet.wire(near, (60, near[1]))
                sheet.label(names[first + index], (60, near[1]), LEFT)
            else:
                sheet.no_connect(array, index + 1)
    sheet.text(
        "Bare contacts, no diodes: one row is\ndriven at a time, the others float,\nthe pull-ups of the "
        "columns are in\nthe Pi. 4x4: wire the last column too.",
        (76.5, 31.5),
        1.1,
    )


def hook(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Hook switch", (93, 23), (126, 39))
    connector = sheet.place(
        "Connector_Generic:Conn_01x02",
        drawing.number("J"),
        "Hook",
        (122, 29),
        texts=((1.2, -0.2), (1.2, 1.2)),
        footprint=SCREWS,
    )
    sheet.wire(connector.pin(2), (120, 30), (120, 31))
    sheet.power("GND", (120, 31), DOWN)
    clamp = drawing.upright("Device:D_TVS", "D", "PESD5V0S1BA", (113, 31.5), "Diode_SMD:D_SOD-323", 90)
    pull = drawing.upright("Device:R", "R", "10k", (110, 27), R0603)
    series = drawing.lying("Device:R", "R", "1k", (106, 29), R0603)
    filtered = drawing.capacitor("100n", (102, 31.5))
    sheet.stub(pull, 1, "+3V3", 0)
    sheet.wire(pull.pin(2), (110, 29))
    sheet.wire(connector.pin(1), (113, 29), (110, 29), series.pin(2))
    sheet.wire((113, 29), clamp.pin(2))
    sheet.power("GND", clamp.pin(1), DOWN)
    sheet.wire(series.pin(1), (102, 29), (101, 29))
    sheet.wire((102, 29), filtered.pin(1))
    sheet.power("GND", filtered.pin(2), DOWN)
    sheet.label("HOOK", (101, 29), LEFT)
    sheet.text(
        "Any contact, either way round: the phone learns what lifted is.\n1 k and 100 n take the "
        "sparks, the firmware the bounce.",
        (94.5, 35.5),
        1.1,
    )


def display(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Display", (128, 5), (160, 21))
    connector = sheet.place(
        "Connector_Generic:Conn_01x04",
        drawing.number("J"),
        "OLED",
        (153, 12),
        texts=((1.2, 0), (1.2, 1)),
        footprint=pin_row(4),
    )
    for pin, net, x in ((1, "GND", 149), (2, "+3V3", 148), (3, "SCL", 150), (4, "SDA", 150)):
        at = connector.pin(pin)
        sheet.wire(at, (x, at[1]))
        if net in ("SCL", "SDA"):
            sheet.label(net, (x, at[1]), LEFT)
        else:
            sheet.power(net, (x, at[1]), LEFT)
    drawing.decoupled("+3V3", ("10u", "100n"), (131, 13), 4)
    sheet.text(
        "No pull-ups here: the Pi has 1.8 k on both lines.\nMind the module's order of pins: some have VCC "
        "first.",
        (129.5, 17.5),
        1.1,
    )


def other_system(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Other system", (128, 23), (160, 39))
    series = drawing.lying("Device:R", "R", "1k", (143, 29), R0603)
    jumper = sheet.place(
        "Jumper:Jumper_2_Open",
        drawing.number("JP"),
        "other system",
        (150, 29),
        texts=((0, -1.2), (0, 1.4)),
        anchor="",
        footprint=pin_row(2),
    )
    sheet.wire(series.pin(1), (140, 29))
    sheet.label("OTHER_SYSTEM", (140, 29), LEFT)
    sheet.wire(series.pin(2), jumper.pin(1))
    sheet.wire(jumper.pin(2), (155, 29), (155, 30))
    sheet.power("GND", (155, 30), DOWN)
    sheet.text(
        "Closed at power-on: the Pi starts the other of its two\nsystems. 1 k, since SPI may drive this pin.",
        (129.5, 35),
        1.1,
    )


def switch(drawing: Drawing, net: str, at: Point, pull_down: str) -> Part:
    """A transistor that sinks what hangs on its drain while `net` is high."""
    sheet, (x, y) = drawing.sheet, at
    transistor = drawing.chip("Transistor_FET:AO3400A", "Q", "AO3400A", at, ((2, -0.6), (2, 0.6)), SOT23)
    series = drawing.lying("Device:R", "R", "100R", (x - 9, y), R0603)
    pull = drawing.upright("Device:R", "R", pull_down, (x - 5, y + 2.5), R0603)
    sheet.wire(series.pin(1), (x - 12, y))
    sheet.label(net, (x - 12, y), LEFT)
    sheet.wire(series.pin(2), (x - 5, y), transistor.pin(1))
    sheet.wire((x - 5, y), pull.pin(1))
    sheet.power("GND", pull.pin(2), DOWN)
    sheet.stub(transistor, 2, "GND", 1)
    return transistor


def ringer(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Ringer", (5, 41), (46, 69))
    transistor = switch(drawing, "RINGER", (24, 58), "4k7")
    x, y = transistor.pin(3)
    fuse = drawing.upright("Device:Polyfuse", "F", "500mA", (x, 48.5), "Fuse:Fuse_1206_3216Metric")
    sheet.stub(fuse, 1, "+5V", 0)
    flyback = drawing.upright("Device:D_Schottky", "D", "SS14", (x, 53), "Diode_SMD:D_SMA", 270)
    sheet.wire(fuse.pin(2), (x, 51), flyback.pin(1))
    sheet.wire(flyback.pin(2), (x, 55), (x, y))
    connector = sheet.place(
        "Connector_Generic:Conn_01x02",
        drawing.number("J"),
        "Ringer 5 V",
        (38, 52),
        texts=((1.2, -0.2), (1.2, 1.2)),
        footprint=SCREWS,
    )
    sheet.wire((x, 51), (33, 51), (33, 52), connector.pin(1))
    sheet.wire((x, 55), (34, 55), (34, 53), connector.pin(2))
    sheet.text(
        "An active buzzer, or the input of a ring generator.\nNever a bell itself, never a telephone line.\n"
        "4k7: the Pi pulls this pin up until it has started.",
        (6.5, 64.5),
        1.1,
    )


def lamps(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Lamps", (5, 71), (46, 112))
    for net, title, y in (("LAMP_LINE", "Line lamp", 83), ("LAMP_MESSAGE", "Message lamp", 103)):
        transistor = switch(drawing, net, (24, y), "100k")
        x, drain = transistor.pin(3)
        series = drawing.upright("Device:R", "R", "330R", (x, y - 7), R0603)
        sheet.stub(series, 1, "+5V", 0)
        connector = sheet.place(
            "Connector_Generic:Conn_01x02",
            drawing.number("J"),
            title,
            (34, y - 4),
            texts=((1.2, -0.2), (1.2, 1.2)),
            footprint=pin_row(2),
        )
        sheet.wire(series.pin(2), (x, y - 4), connector.pin(1))
        sheet.wire((x, drain), (x, y - 3), connector.pin(2))
    sheet.text("LEDs: 9 mA each. Pin 1 is the anode.", (6.5, 109.5), 1.1)
