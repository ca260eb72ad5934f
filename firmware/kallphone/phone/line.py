from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import Command, OpenLine, RefreshCredit, RegisterSip, SendRatings
from kallphone.phone.events import TRANSFERS_EPOCH, Credit, CreditChanged, LineOpened
from kallphone.phone.money import coins
from kallphone.phone.states import Idle, Line, LineStep, Notice, Phone
from kallphone.phone.words import N_

OPENING_PATIENCE_S = 180.0
REGISTERING_PATIENCE_S = 40.0
RENEW_RETRY_S = 60.0
LONGEST_RETRY_S = 30.0
REFRESH_S = 10.0
RATINGS_S = 3600.0
NOTICE_S = 8.0

# Credentials are renewed after this part of their life, so that a call never sees them lapse.
RENEW_AFTER = 0.75


def due(phone: Phone, now: float) -> tuple[Phone, tuple[Command, ...]]:
    """Everything about the line whose time has come."""
    phone, retried = _retry(phone, now)
    phone, renewed = _renew(phone, now)
    phone, refreshed = _refresh(phone, now)
    return phone, retried + renewed + refreshed


def progressed(phone: Phone, words: str) -> Phone:
    return phone if phone.line.up else _with(phone, replace(phone.line, words=words))


def opened(phone: Phone, event: LineOpened, now: float) -> tuple[Phone, tuple[Command, ...]]:
    line = replace(
        phone.line,
        step=LineStep.UP if phone.line.up else LineStep.REGISTERING,
        words=N_("Registering"),
        account=event.account,
        number=event.number,
        balance=event.balance,
        home=event.credit.provider,
        incoming_price=event.incoming_price,
        retry_at=None if phone.line.up else now + REGISTERING_PATIENCE_S,
        renew_at=now + event.lifetime_s * RENEW_AFTER,
        refresh_at=now + REFRESH_S,
    )
    return with_credit(_with(phone, line), event.credit), (RegisterSip(),)


def failed(phone: Phone, words: str, now: float) -> Phone:
    """A failed renewal leaves a line that is up alone: its credentials still live."""
    if phone.line.up:
        return phone
    return _down(phone, words, now)


def registered(phone: Phone) -> Phone:
    return _with(phone, replace(phone.line, step=LineStep.UP, words="", attempts=0, retry_at=None))


def unregistered(phone: Phone, words: str, now: float) -> Phone:
    return _down(phone, words, now)


def credit_changed(phone: Phone, event: CreditChanged, now: float) -> Phone:
    """Money that came in is told, wherever it was put."""
    before = _worth(phone)
    phone = with_credit(_with(phone, replace(phone.line, balance=event.balance)), event.credit)
    gained = _worth(phone) - before
    return replace(phone, notice=Notice(f"+{coins(gained)}", now + NOTICE_S)) if gained > 0 else phone


def with_credit(phone: Phone, credit: Credit) -> Phone:
    """Take over what the channel says, but never let `signed` fall within an epoch."""
    known = phone.credit_with(credit.provider)
    if known is not None:
        if credit.epoch < known.epoch < TRANSFERS_EPOCH:
            return phone
        if credit.epoch == known.epoch and credit.signed < known.signed:
            credit = replace(credit, signed=known.signed)
    others = tuple(other for other in phone.credits if other.provider != credit.provider)
    return replace(phone, credits=(*others, credit))


def wakeups(line: Line) -> list[float]:
    return [at for at in (line.retry_at, line.renew_at, line.refresh_at) if at is not None]


def _retry(phone: Phone, now: float) -> tuple[Phone, tuple[Command, ...]]:
    line = phone.line
    if line.retry_at is None or now < line.retry_at:
        return phone, ()
    if line.renew_at is not None and now < line.renew_at:
        again = replace(line, step=LineStep.REGISTERING, retry_at=now + REGISTERING_PATIENCE_S)
        return _with(phone, again), (RegisterSip(),)
    again = replace(line, step=LineStep.OPENING, retry_at=now + OPENING_PATIENCE_S, renew_at=None)
    return _with(phone, again), (OpenLine(),)


def _renew(phone: Phone, now: float) -> tuple[Phone, tuple[Command, ...]]:
    line = phone.line
    if not line.up or line.renew_at is None or now < line.renew_at:
        return phone, ()
    return _with(phone, replace(line, renew_at=now + RENEW_RETRY_S)), (OpenLine(),)


def _refresh(phone: Phone, now: float) -> tuple[Phone, tuple[Command, ...]]:
    line = phone.line
    if line.refresh_at is None or now < line.refresh_at:
        return phone, ()
    phone = _with(phone, replace(line, refresh_at=now + REFRESH_S))
    if not line.up:
        return phone, ()
    phone, ratings = _ratings(phone, now)
    return phone, (RefreshCredit(), *ratings)


def _ratings(phone: Phone, now: float) -> tuple[Phone, tuple[Command, ...]]:
    """Only while nobody uses the phone: no rating is worth a late ring or a word."""
    if not isinstance(phone.mode, Idle) or now < phone.line.ratings_at:
        return phone, ()
    return _with(phone, replace(phone.line, ratings_at=now + RATINGS_S)), (SendRatings(),)


def _down(phone: Phone, words: str, now: float) -> Phone:
    wait = min(LONGEST_RETRY_S, 2.0 ** min(phone.line.attempts, 5))
    line = replace(
        phone.line, step=LineStep.DOWN, words=words, attempts=phone.line.attempts + 1, retry_at=now + wait
    )
    return _with(phone, line)


def _worth(phone: Phone) -> int:
    return phone.line.balance + sum(credit.available for credit in phone.credits)


def _with(phone: Phone, line: Line) -> Phone:
    return replace(phone, line=line)
