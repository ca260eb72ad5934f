"""The HAT's codec with what belongs to it: its own supply, crystal, and the handset's two ends."""

from __future__ import annotations

from hardware.hat.blocks import C0603, C1206, R0603, Drawing, pin_row
from hardware.hat.sheet import DOWN, LEFT, RIGHT, UP, Part

AT = (80.0, 80.0)


def sound(drawing: Drawing) -> None:
    sheet = drawing.sheet
    sheet.block("Sound", (48, 41), (160, 98))
    codec = drawing.chip(
        "Audio:TLV320AIC23BPW",
        "U",
        "TLV320AIC23BPW",
        AT,
        ((3.7, -10.4), (3.7, -9.5)),
        "Package_SO:TSSOP-28_4.4x9.7mm_P0.65mm",
    )
    _supplies(drawing, codec)
    _digital(drawing, codec)
    _crystal(drawing, codec)
    _microphone(drawing, codec)
    _earpiece(drawing, codec)
    sheet.no_connect(codec, 2, 10, 12, 13, 19, 20)


def _supplies(drawing: Drawing, codec: Part) -> None:
    sheet = drawing.sheet
    regulator = drawing.chip(
        "Regulator_Linear:LP5907MFX-3.3",
        "U",
        "LP5907MFX-3.3",
        (69, 52),
        ((-2, -3.6), (-2, -2.7)),
        "Package_TO_SOT_SMD:SOT-23-5",
    )
    bead = drawing.lying("Device:FerriteBead_Small", "FB", "600R", (60, 51), "Inductor_SMD:L_0603_1608Metric")
    into = drawing.capacitor("1u", (63, 54))
    sheet.wire(bead.pin(1), (57, 51))
    sheet.power("+5V", (57, 51), LEFT)
    sheet.wire(bead.pin(2), (63, 51), (65, 51), regulator.pin(1))
    sheet.wire((63, 51), into.pin(1))
    sheet.flag((63, 51))
    sheet.power("GND", into.pin(2), DOWN)
    sheet.wire((65, 51), (65, 52), regulator.pin(3))
    sheet.stub(regulator, 2, "GND", 0.5)
    sheet.wire(regulator.pin(5), (75, 51))
    sheet.power("+3.3VA", (75, 51), RIGHT)
    drawing.decoupled("+3.3VA", ("1u", "10u", "100n", "100n"), (83, 53))
    drawing.decoupled("+3V3", ("10u", "100n", "100n"), (105, 53))
    for pin, net in ((1, "+3V3"), (27, "+3V3"), (14, "+3.3VA"), (8, "+3.3VA")):
        sheet.stub(codec, pin, net, {1: 0.5, 27: 3, 14: 0.5, 8: 3}[pin])
    for pin in (28, 15, 11):
        sheet.stub(codec, pin, "GND", 0.5)


def _digital(drawing: Drawing, codec: Part) -> None:
    sheet = drawing.sheet
    for pin, net in ((23, "SDA"), (24, "SCL"), (4, "I2S_DOUT"), (3, "I2S_BCLK"), (6, "I2S_DIN")):
        sheet.stub(codec, pin, net, 3)
    for pin in (22, 21):
        at = codec.pin(pin)
        sheet.wire(at, (at[0] - 2, at[1]))
        sheet.power("GND", (at[0] - 2, at[1]), LEFT)
    for pin in (5, 7):
        at = codec.pin(pin)
        frame = drawing.lying("Device:R", "R", "47R", (at[0] - 10, at[1]), R0603)
        sheet.wire(frame.pin(2), at)
        sheet.wire(frame.pin(1), (at[0] - 14, at[1]))
        sheet.label("I2S_FS", (at[0] - 14, at[1]), LEFT)
    sheet.text(
        "The codec gives both clocks. Address 0x1a.\nLRCIN and LRCOUT carry the same 48 kHz frame.",
        (50, 64),
        1.1,
    )


def _crystal(drawing: Drawing, codec: Part) -> None:
    sheet = drawing.sheet
    near, far = codec.pin(25), codec.pin(26)
    crystal = sheet.place(
        "Device:Crystal",
        drawing.number("Y"),
        "12.288MHz",
        (66, 91),
        texts=((0, -1.6), (0, 1.8)),
        anchor="",
        footprint="Crystal:Crystal_SMD_HC49-SD",
    )
    sheet.wire(near, (62, near[1]), (62, 91), crystal.pin(1))
    sheet.wire(far, (70, far[1]), (70, 91), crystal.pin(2))
    for x in (62, 70):
        load = drawing.capacitor("22p", (x, 94))
        sheet.wire((x, 91), load.pin(1))
        sheet.power("GND", load.pin(2), DOWN)


def _microphone(drawing: Drawing, codec: Part) -> None:
    sheet = drawing.sheet
    bias, signal, middle = codec.pin(17), codec.pin(18), codec.pin(16)
    first = drawing.lying("Device:R", "R", "1k", (96, bias[1]), R0603)
    store = drawing.capacitor("10u", (101, bias[1] + 2.5))
    second = drawing.lying("Device:R", "R", "1k5", (108, bias[1]), R0603)
    sheet.wire(bias, first.pin(1))
    sheet.wire(first.pin(2), (101, bias[1]), second.pin(1))
    sheet.wire((101, bias[1]), store.pin(1))
    sheet.power("GND", store.pin(2), DOWN)
    level = 90
    coupling = drawing.lying("Device:C", "C", "1u", (96, level), C0603)
    sheet.wire(signal, (90, signal[1]), (90, level), coupling.pin(1))
    radio = drawing.capacitor("220p", (118, level + 2.5))
    sheet.wire(coupling.pin(2), (113, level), (118, level), (136, level))
    sheet.wire(second.pin(2), (113, bias[1]), (113, level))
    sheet.wire((118, level), radio.pin(1))
    sheet.power("GND", radio.pin(2), DOWN)
    sheet.label("MIC", (136, level), RIGHT)
    half = drawing.capacitor("10u", (88, 93.5))
    quiet = drawing.capacitor("100n", (92, 92.5))
    sheet.wire(middle, (88, middle[1]), half.pin(1))
    sheet.wire((88, 91), (92, 91))
    sheet.power("GND", half.pin(2), DOWN)
    sheet.power("GND", quiet.pin(2), DOWN)


def _earpiece(drawing: Drawing, codec: Part) -> None:
    sheet = drawing.sheet
    out = codec.pin(9)
    coupling = drawing.lying("Device:C_Polarized", "C", "100u", (98, out[1]), C1206, 90)
    series = drawing.lying("Device:R", "R", "47R", (106, out[1]), R0603)
    drain = drawing.upright("Device:R", "R", "47k", (102, out[1] - 2.5), R0603, 180)
    sheet.wire(out, coupling.pin(1))
    sheet.wire(coupling.pin(2), (102, out[1]), series.pin(1))
    sheet.wire((102, out[1]), drain.pin(1))
    sheet.power("GND", drain.pin(2), UP)
    sheet.wire(series.pin(2), (113, out[1]), (120, out[1]), (136, out[1]))
    sheet.label("EAR", (136, out[1]), RIGHT)
    for x, turn in ((113, 90), (120, 270)):
        shock = drawing.upright("Device:D", "D", "1N4148W", (x, out[1] - 2.5), "Diode_SMD:D_SOD-123", turn)
        sheet.wire((x, out[1]), shock.pin(2 if turn == 270 else 1))
        sheet.power("GND", shock.pin(1 if turn == 270 else 2), UP)
    handset = sheet.place(
        "Connector:4P4C",
        drawing.number("J"),
        "Handset",
        (142, 80),
        180,
        texts=((-1, -4.5), (-1, 4.5)),
        footprint="Connector_RJ:RJ9_Evercom_5301-440xxx_Horizontal",
    )
    row = sheet.place(
        "Connector_Generic:Conn_01x04",
        drawing.number("J"),
        "Capsules",
        (153, 80),
        texts=((1.2, 0), (1.2, 1)),
        footprint=pin_row(4),
    )
    for pin, net in ((1, "MIC"), (2, "EAR"), (3, "GND"), (4, "GND")):
        sheet.stub(handset, pin, net, 1)
        sheet.stub(row, pin, net, 1)
    sheet.text(
        "An electret capsule between MIC and ground,\na dynamic one (32 to 300 ohm) at EAR. A carbon\n"
        "microphone does not work here. The diodes\nspare the ear what is louder than 0.6 V.",
        (126, 85.5),
        1.1,
    )
