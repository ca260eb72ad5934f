from __future__ import annotations

import pytest

from tests.image.pi_firmware import Board, NotBootable, load

CONFIG = """\
os_prefix=slots/a/
[gpio7=0]
os_prefix=slots/b/
[all]
include kall.txt
#######
"""
KALL = """\
kernel=vmlinuz
initramfs initrd.img followkernel
[pi5]
dtoverlay=kall-i2c
kernel=other
[all]
arm_64bit=1  # every board
"""


def card(**more: str | None) -> dict[str, str | None]:
    files: dict[str, str | None] = {"config.txt": CONFIG, "kall.txt": KALL}
    for slot in "ab":
        files |= {
            f"slots/{slot}/vmlinuz": f"kernel {slot}",
            f"slots/{slot}/initrd.img": f"initrd {slot}",
            f"slots/{slot}/cmdline.txt": f"kall.slot={slot} quiet\nsecond line",
        }
    return files | {name.replace("__", "/").replace("_", "."): text for name, text in more.items()}


def reader(files: dict[str, str | None]):
    def read(name: str) -> bytes | None:
        text = files.get(name)
        return None if text is None else text.encode()

    return read


def test_the_prefix_chooses_the_system():
    loaded = load(reader(card()))
    assert (loaded.prefix, loaded.kernel, loaded.initrd) == ("slots/a/", b"kernel a", b"initrd a")
    assert loaded.cmdline == "kall.slot=a quiet"


def test_a_grounded_pin_starts_the_other_one():
    assert load(reader(card()), Board(low=frozenset({7}))).prefix == "slots/b/"
    assert load(reader(card()), Board(low=frozenset({8}))).prefix == "slots/a/"


def test_another_boards_section_does_not_hold():
    assert load(reader(card())).kernel == b"kernel a"
    with pytest.raises(NotBootable, match="slots/a/other"):
        load(reader(card()), Board(filters=frozenset({"all", "pi5"})))


def test_a_later_filter_ends_an_earlier_one():
    config = "[pi5]\nos_prefix=slots/b/\n[pi0]\n[all]\nos_prefix=slots/a/\ninclude kall.txt"
    assert load(reader(card(config_txt=config))).prefix == "slots/a/"


@pytest.mark.parametrize("missing", ["config.txt", "kall.txt", "slots/a/vmlinuz", "slots/a/initrd.img"])
def test_what_is_missing_is_named(missing: str):
    with pytest.raises(NotBootable, match=missing):
        load(reader({name: text for name, text in card().items() if name != missing}))
