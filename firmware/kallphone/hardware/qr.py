from __future__ import annotations

from functools import lru_cache

from PIL import Image

QUIET_MODULES = 4
"""Light around the code, as ISO/IEC 18004 wants it; where there is no room, cameras are content with less."""

LEAST_QUIET_MODULES = 1.5


def draw_qr(picture: Image.Image, text: str, area: tuple[int, int, int, int]) -> int:
    """Dark on light, as large as the area allows, centred across it; answers how many pixels square it is.

    Where not even one pixel a module fits nothing is drawn.
    """
    left, top, right, bottom = area
    room = min(right - left, bottom - top)
    matrix = _encoded(text)
    modules = len(matrix)
    scale = int(room // (modules + 2 * LEAST_QUIET_MODULES))
    if not scale:
        return 0
    side = min(room, (modules + 2 * QUIET_MODULES) * scale)
    start = (side - modules * scale) // 2
    light = Image.new("1", (side, side), 1)
    light.paste(_drawn(matrix, scale), (start, start))
    picture.paste(light, (left + (right - left - side) // 2, top))
    return side


@lru_cache(maxsize=4)
def _encoded(text: str) -> tuple[bytearray, ...]:
    # Only where a code is shown: a dial tone does not wait for its XML and HTTP writers.
    import segno

    matrix: tuple[bytearray, ...] = segno.make(text, micro=False).matrix
    return matrix


def _drawn(matrix: tuple[bytearray, ...], scale: int) -> Image.Image:
    code = Image.new("1", (len(matrix), len(matrix)))
    code.putdata([255 * (not dark) for row in matrix for dark in row])
    return code.resize((code.width * scale, code.height * scale), Image.Resampling.NEAREST)
