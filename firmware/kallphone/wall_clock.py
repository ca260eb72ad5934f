from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

from kallphone.phone.events import MinutePassed
from kallphone.phone.words import N_
from kallphone.ports import Post

MINUTE_S = 60
_EPOCH = datetime.date(1970, 1, 1).toordinal()

# strftime would follow the process's locale; the phone follows its owner's language.
_DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_MONTHS = (
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"),
    N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec"),
)  # fmt: skip


def local_time() -> datetime.datetime:
    return datetime.datetime.now().astimezone()


def minute_of(now: datetime.datetime) -> MinutePassed:
    """`now` in local time; the date's words are English, and translated where they are shown."""
    date = f"{_DAYS[now.weekday()]} {now.day} {_MONTHS[now.month - 1]}"
    offset = now.astimezone().utcoffset() or datetime.timedelta()
    seconds = (int(now.timestamp()), int(offset.total_seconds()))
    return MinutePassed(f"{now:%H:%M}", date, now.toordinal() - _EPOCH, *seconds)


async def keep_time(post: Post, now: Callable[[], datetime.datetime]) -> None:
    """Posts a MinutePassed at once, and at the start of each minute, until cancelled."""
    while True:
        moment = now()
        post(minute_of(moment))
        await asyncio.sleep(MINUTE_S - moment.second - moment.microsecond / 1e6 + 0.05)
