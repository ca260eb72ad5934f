"""What the owner allows calls to cost. Emergency calls never come here."""

from __future__ import annotations

from kallphone.phone.states import Phone


def reached(phone: Phone, number: str, paid: int, amount: int) -> bool:
    """Whether `amount` more, in base units, on a call that has cost `paid`, would be too much."""
    limits = phone.settings.limits
    contact = phone.book.by_number(number)
    return (
        _over(limits.per_call, paid + amount)
        or _over(limits.per_day, phone.spent.total + amount)
        or _over(contact.limit if contact else 0, phone.spent.on(number) + amount)
    )


def seconds_left(phone: Phone, number: str, paid: int, price: int, period_s: int) -> int | None:
    """Seconds of further periods within the limits; None where there is none."""
    limits = phone.settings.limits
    contact = phone.book.by_number(number)
    rests = [
        limit - used
        for limit, used in (
            (limits.per_call, paid),
            (limits.per_day, phone.spent.total),
            (contact.limit if contact else 0, phone.spent.on(number)),
        )
        if limit
    ]
    return max(0, min(rests)) // price * period_s if rests and price else None


def _over(limit: int, sum_: int) -> bool:
    return 0 < limit < sum_
