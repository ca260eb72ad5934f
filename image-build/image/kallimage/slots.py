"""config.txt, one sector that chooses a system: overwriting it in its place is the switch."""

_SECTOR = 512
_OTHER = {"a": "b", "b": "a"}


def config_sector(slot: str) -> bytes:
    """config.txt that starts `slot`, or the other one while GPIO 7 is held low; 512 bytes."""
    lines = [f"os_prefix=slots/{slot}/", "[gpio7=0]", f"os_prefix=slots/{_OTHER[slot]}/", "[all]",
             "include kall.txt"]
    text = "\n".join(lines) + "\n"
    rows = []
    # A line of the firmware's has at most 98 characters.
    left = _SECTOR - len(text)
    while left > 0:
        width = min(left, 64)
        rows.append("#" * (width - 1) + "\n")
        left -= width
    return (text + "".join(rows)).encode()


CONFIGS = {slot: config_sector(slot) for slot in _OTHER}
