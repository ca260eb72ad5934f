"""A provider may change how it is paid while the phone is on."""

from kallphone.phone import line
from kallphone.phone.events import TRANSFERS_EPOCH, Credit
from kallphone.phone.states import Phone

HOME = b"h" * 20


def credit(epoch: int) -> Credit:
    return Credit(HOME, epoch, 100, 0)


def test_an_older_epoch_of_the_escrow_is_stale():
    phone = line.with_credit(Phone(), credit(5))
    assert line.with_credit(phone, credit(4)).credit_with(HOME) == credit(5)


def test_the_rail_changes_either_way():
    phone = line.with_credit(Phone(), credit(5))
    phone = line.with_credit(phone, credit(TRANSFERS_EPOCH))
    assert phone.credit_with(HOME) == credit(TRANSFERS_EPOCH)
    assert line.with_credit(phone, credit(5)).credit_with(HOME) == credit(5)
