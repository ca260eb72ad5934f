"""Money: what is there, how more comes in, what it may be spent on."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import Withdraw
from kallphone.phone.dialplan import grouped
from kallphone.phone.menu.calls import key_of
from kallphone.phone.menu.fields import sum_page
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, owner, says
from kallphone.phone.menu.rows import called, link, shown_sum, switch
from kallphone.phone.menu.steps import Change, back, on_top, opens, settled, turn
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.money import coins
from kallphone.phone.settings import Limits
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

TOP_UP = "top up"
LOOKS_EVERY_S = 5.0
"""How often the ledger is asked while somebody waits for money to come in."""


def worth(phone: Phone) -> int:
    return phone.line.balance + sum(credit.available for credit in phone.credits)


def account_code(account: bytes) -> str:
    """In capitals a QR code is smaller."""
    return "0X" + account.hex().upper() if account else ""


def watched(phone: Phone, now: float) -> Phone:
    """Has the line look sooner whether money came in."""
    at, soon = phone.line.refresh_at, now + LOOKS_EVERY_S
    return phone if at is not None and at <= soon else _look(phone, soon)


def withdrawn(phone: Phone, amount: int, trouble: str) -> Phone:
    if phone.pages[-1].name != "withdrawing":
        return phone
    return on_top(phone, subject=str(amount), chosen=trouble)


def _look(phone: Phone, at: float) -> Phone:
    return replace(phone, line=replace(phone.line, refresh_at=at))


def _rows(_phone: Phone, _page: Page) -> tuple[Row, ...]:
    return (
        Row(text(N_("Top up")), _tops_up),
        link(N_("Balance"), "balance", own(coins(worth(_phone)))),
        link(N_("Receipts"), "receipts"),
        link(N_("Limits"), "limits"),
        link(N_("Withdraw"), "withdraw"),
        link(N_("12 words backup"), "backup"),
        link(N_("Restore"), "restore"),
    )


def _tops_up(phone: Phone, now: float) -> Change:
    return opens(TOP_UP, chosen=str(worth(phone)))(_look(phone, now), now)


def _code(phone: Phone, _page: Page) -> str:
    return account_code(phone.line.account)


def _asks_for_money(phone: Phone, page: Page) -> tuple[Text, ...]:
    if not phone.line.account:
        return (text(N_("This phone has no account yet: it needs a line first.")),)
    came = worth(phone) - int(page.chosen or 0)
    received = text(N_("Received {sum}"), sum=coins(came)) if page.chosen and came > 0 else Text()
    return (own(grouped(phone.line.number)), text(N_("Have {sum}"), sum=coins(worth(phone))), received)


def _balance(phone: Phone, _page: Page) -> tuple[Text, ...]:
    deposits = sum(credit.available for credit in phone.credits)
    return (
        text(N_("Credit {sum}"), sum=coins(worth(phone))),
        text(N_("With providers {sum}"), sum=coins(deposits)),
        text(N_("Free {sum}"), sum=coins(phone.line.balance)),
        text(N_("Spent today {sum}"), sum=coins(phone.spent.total)),
    )


def _receipts(phone: Phone, _page: Page) -> tuple[Row, ...]:
    return tuple(
        Row(called(phone, call.number, call.peer), opens("call made", key_of(call)), own(coins(call.paid)))
        for call in phone.log
        if call.paid
    )


def _limits(phone: Phone, _page: Page) -> tuple[Row, ...]:
    limits = phone.settings.limits
    only = replace(limits, contacts_only=not limits.contacts_only)
    return (
        link(N_("Each call"), "call limit", shown_sum(limits.per_call)),
        link(N_("Each day"), "day limit", shown_sum(limits.per_day)),
        switch(N_("Contacts only"), limits.contacts_only, lambda one, _now: settled(one, limits=only)),
        link(N_("Ask above"), "ask above", own(coins(phone.settings.ask_above))),
    )


def _limit(phone: Phone, **changes: int) -> dict[str, Limits]:
    return {"limits": replace(phone.settings.limits, **changes)}  # type: ignore[arg-type]


def _withdraw(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if not phone.owner:
        return (text(N_("No owner's account is set. It is named in the phone's settings file.")),)
    if not phone.line.balance:
        return (text(N_("There are no free coins. What is with providers stays there.")),)
    account = f"0x{phone.owner.hex()}"
    short = f"{account[:8]}...{account[-6:]}"
    return (text(N_("Send {sum} to the owner {account}?"), sum=coins(phone.line.balance), account=short),
            text(N_("# to send, * for no")))  # fmt: skip


def _sends(phone: Phone, now: float) -> Change:
    if not phone.owner or not phone.line.balance:
        return back(phone, now)
    return turn(phone, Page("withdrawing"), now), (Withdraw(phone.line.balance),)


def _sending(_phone: Phone, page: Page) -> tuple[Text, ...]:
    if page.chosen:
        return (text(N_("Nothing was sent:")), text(page.chosen))
    if page.subject:
        return (text(N_("Sent {sum} to the owner"), sum=coins(int(page.subject))),)
    return (text(N_("Sending...")),)


def _how_to_restore(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(
            N_(
                "A new phone takes the place of a lost one: start it with the 12 words, as its guide says "
                "under Restore. Number and coins come along. Never type the words anywhere else."
            )
        ),
    )


PAGES: dict[str, Spec] = {
    "wallet": ListPage(says(N_("Wallet")), _rows),
    TOP_UP: ReadPage(says(N_("Top up")), _asks_for_money, qr=_code),
    "balance": ReadPage(says(N_("Balance")), _balance),
    "receipts": ListPage(says(N_("Receipts")), _receipts, empty=N_("No call has cost anything yet")),
    "limits": ListPage(says(N_("Limits")), _limits, needs_pin=owner),
    "call limit": sum_page(
        N_("Each call"),
        lambda phone: phone.settings.limits.per_call,
        lambda phone, to: _limit(phone, per_call=to),
    ),
    "day limit": sum_page(
        N_("Each day"),
        lambda phone: phone.settings.limits.per_day,
        lambda phone, to: _limit(phone, per_day=to),
    ),
    "ask above": sum_page(
        N_("Ask, per minute"),
        lambda phone: phone.settings.ask_above,
        lambda _phone, to: {"ask_above": to},
        N_("Now {sum}. 0: always"),
    ),
    "withdraw": ReadPage(says(N_("Withdraw")), _withdraw, _sends, needs_pin=owner),
    "withdrawing": ReadPage(says(N_("Withdraw")), _sending, hint=N_("# good"), needs_pin=owner),
    "restore": ReadPage(says(N_("Restore")), _how_to_restore),
}
