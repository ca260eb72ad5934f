"""Verbs of `kallphone wallet` that look at the money and move it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.ledger import Channel
from kallnet.messages import CLIENT
from kallnet.number import KallNumber, format_number
from kallphone.ledger.answer import Said, kall, when
from kallphone.ledger.errors import CommandError, UsageError
from kallphone.owner.desk import OwnersDesk
from kallphone.payments.errors import NothingOnDeposit

OWNER = "owner"
ALL = "all"
_LARGEST = 2**62


def balance(desk: OwnersDesk, *, search: bool = False) -> Said:
    own, ledger = desk.account.address, desk.ledger
    if search:
        desk.search()
    number, free = ledger.head(CLIENT, own).number, ledger.coin_balance(own)
    channels = [(provider, ledger.channel(own, provider)) for provider in desk.providers()]
    lines = [f"account {address_to_hex(own)}", f"free {kall(free)}"]
    if number:
        lines.insert(1, f"number {format_number(KallNumber(number))}")
    lines += [_line(provider, channel) for provider, channel in channels if channel.deposited]
    deposits = {address_to_hex(provider): _fields(channel) for provider, channel in channels}
    fields = {"account": address_to_hex(own), "number": f"{number:010d}" if number else ""}
    return Said(tuple(lines), {**fields, "free": free, "deposits": deposits})


def withdraw(desk: OwnersDesk, to: str, amount: str) -> Said:
    receiver = _receiver(desk, to)
    sent = desk.withdrawals.send(desk.relay, receiver, amount_of(amount), desk.promised())
    words = f"{kall(sent)} went to {address_to_hex(receiver)}"
    return Said((words,), {"to": address_to_hex(receiver), "amount": sent})


def exit_(desk: OwnersDesk, provider: str) -> Said:
    """Starts the exit, or ends it when its time has come."""
    who, own = desk.provider(provider), desk.account.address
    channel = desk.ledger.channel(own, who)
    if channel.exit_at and channel.exit_at <= desk.ledger.chain_time():
        back = desk.exits.finish(desk.relay, who)
        lines = (f"{kall(back)} came back from {address_to_hex(who)}", *_refills(desk))
        return Said(lines, {"provider": address_to_hex(who), "returned": back})
    try:
        at = desk.exits.start(desk.relay, who)
    except NothingOnDeposit as nothing:
        raise CommandError(str(nothing)) from None
    words = f"{_left(channel)} can come back from {address_to_hex(who)} at {when(at)}: run this again then"
    return Said((words, *_refills(desk)), {"provider": address_to_hex(who), "exit_at": at})


def amount_of(text: str) -> int:
    """Base units of an amount in kallCoin; 0 for `all`."""
    if text == ALL:
        return 0
    try:
        units = Decimal(text).scaleb(6)
    except InvalidOperation:
        raise UsageError(f"{text!r} is no amount: give kallCoin such as 1.5, or {ALL}") from None
    if not units.is_finite() or units != units.to_integral_value() or not 0 < units <= _LARGEST:
        raise UsageError(f"{text} can't be sent: give kallCoin with at most six decimals, or {ALL}")
    return int(units)


def _receiver(desk: OwnersDesk, to: str) -> Address:
    if to != OWNER:
        return address_from_hex(to)
    if desk.config.owner is None:
        raise UsageError("[money] owner of kallphone.toml is empty: set it, or name an address")
    return desk.config.owner


def _refills(desk: OwnersDesk) -> tuple[str, ...]:
    if not desk.config.deposit:
        return ()
    return ("the phone will fill the deposit again: set deposit = 0 in kallphone.toml and restart it first",)


def _line(provider: Address, channel: Channel) -> str:
    leaving = f", leaving: comes back at {when(channel.exit_at)}" if channel.exit_at else ""
    return f"on deposit {_left(channel)} with {address_to_hex(provider)}{leaving}"


def _left(channel: Channel) -> str:
    return kall(channel.deposited - channel.claimed)


def _fields(channel: Channel) -> dict[str, int]:
    return {"deposited": channel.deposited, "claimed": channel.claimed, "exit_at": channel.exit_at}
