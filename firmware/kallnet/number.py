from typing import NewType

from kallnet.account import Address
from kallnet.errors import NumberInvalid
from kallnet.keccak import keccak256

KallNumber = NewType("KallNumber", int)

SALTS = 16

# H. M. Damm, "Total anti-symmetrische Quasigruppen" (2004): catches every single wrong digit and every
# swap of two neighbours, the two mistakes that people make on a keypad.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def damm_digit(digits: str) -> int:
    """The check digit to append; 0 when `digits` already ends with its own."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def number_for(account: Address, salt: int) -> KallNumber:
    """The number that the registry gives to this account and salt (0 to 15)."""
    if not 0 <= salt < SALTS:
        raise ValueError(f"a salt is 0 to {SALTS - 1}, not {salt}")
    seed = int.from_bytes(keccak256(account + salt.to_bytes(32, "big")), "big")
    stem = seed % 800_000_000 + 200_000_000
    return KallNumber(stem * 10 + damm_digit(str(stem)))


def parse_number(text: str) -> KallNumber:
    """Ten digits, spaces allowed between them."""
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        raise NumberInvalid(text, "it must be digits")
    if len(digits) != 10:
        raise NumberInvalid(text, f"it must have ten digits, not {len(digits)}")
    if digits[0] in "01":
        raise NumberInvalid(text, "its first digit must be 2 to 9")
    if damm_digit(digits) != 0:
        raise NumberInvalid(text, "its check digit is wrong: check for a wrong or swapped digit")
    return KallNumber(int(digits))


def is_number(text: str) -> bool:
    try:
        parse_number(text)
    except NumberInvalid:
        return False
    return True


def format_number(number: KallNumber) -> str:
    """The way it is read aloud and shown: 234 567 8901."""
    digits = str(number)
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"
