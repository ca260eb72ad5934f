from __future__ import annotations

import pytest

from kallphone.hardware.drawing import draw
from kallphone.setup.helper_phone import wifi_code
from kallphone.setup.hotspot import PASSPHRASE_LENGTH, TOKEN_LENGTH, random_word
from kallphone.setup.machine import screen_for
from kallphone.setup.network import HOTSPOT_ADDRESS
from kallphone.setup.portal import PORT
from kallphone.setup.states import Hotspot, told
from tests.hardware.test_qr import SIZES, photographed, read
from tests.setup.scenes import SCENES


def hotspots(count: int) -> list[Hotspot]:
    return [
        Hotspot(
            f"KallPhone-{random_word(4)}",
            random_word(PASSPHRASE_LENGTH),
            f"http://{HOTSPOT_ADDRESS}:{PORT}/{random_word(TOKEN_LENGTH)}",
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("size", SIZES, ids=["128x64", "128x128"])
@pytest.mark.parametrize(("scene", "subject"), [("hotspot", ""), ("hotspot-page", "url")])
def test_a_camera_reads_both_codes_also_askew(scene: str, subject: str, size: tuple[int, int]):
    for hotspot in hotspots(10):
        screen = screen_for(told(SCENES[scene], hotspot=hotspot))
        photo = photographed(draw(screen, size), degrees=5, blur=1.5)
        assert read(photo) == [hotspot.url if subject else wifi_code(hotspot)]
