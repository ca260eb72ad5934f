import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kallnet.account import Address
from kallnet.errors import KallnetError, NumberInvalid
from kallnet.keccak import keccak256
from kallnet.number import KallNumber, damm_digit, format_number, is_number, number_for, parse_number

addresses = st.binary(min_size=20, max_size=20).map(Address)
stems = st.integers(200_000_000, 999_999_999)


def with_check(stem: int) -> str:
    return f"{stem}{damm_digit(str(stem))}"


def test_damm_s_own_example() -> None:
    assert damm_digit("572") == 4
    assert damm_digit("5724") == 0


@given(stems)
def test_every_single_wrong_digit_is_caught(stem: int) -> None:
    number = with_check(stem)
    for i, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            assert not is_number(number[:i] + wrong + number[i + 1 :])


@given(stems)
def test_every_swap_of_neighbours_is_caught(stem: int) -> None:
    number = with_check(stem)
    for i in range(9):
        swapped = number[:i] + number[i + 1] + number[i] + number[i + 2 :]
        assert swapped == number or not is_number(swapped)


@given(addresses, st.integers(0, 15))
def test_number_follows_from_account_and_salt(account: Address, salt: int) -> None:
    number = number_for(account, salt)
    packed = account + salt.to_bytes(32, "big")
    assert number // 10 == int.from_bytes(keccak256(packed), "big") % 800_000_000 + 200_000_000
    assert parse_number(str(number)) == number


@pytest.mark.parametrize("salt", [-1, 16])
def test_a_salt_out_of_range_is_refused(salt: int) -> None:
    with pytest.raises(ValueError, match="0 to 15"):
        number_for(Address(bytes(20)), salt)


@given(stems)
def test_what_is_shown_can_be_dialled(stem: int) -> None:
    number = parse_number(with_check(stem))
    assert parse_number(format_number(number)) == number


def test_format() -> None:
    assert format_number(KallNumber(2345678901)) == "234 567 8901"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "digits"),
        ("23456789O1", "digits"),
        ("２345678904", "digits"),
        ("+234567890", "digits"),
        ("-234567890", "digits"),
        ("234567890", "ten digits, not 9"),
        ("23456789012", "ten digits, not 11"),
        ("1234567890", "2 to 9"),
        ("0000000000", "2 to 9"),
        ("2345678901", "check digit"),
    ],
)
def test_refusals_say_why(text: str, reason: str) -> None:
    with pytest.raises(NumberInvalid, match=reason):
        parse_number(text)


@given(st.text(max_size=20))
@example("²345678904")
@example("٢٣٤٥٦٧٨٩٠٤")
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = parse_number(text)
    except KallnetError:
        assert not is_number(text)
    else:
        assert str(number) == text.replace(" ", "")
