from __future__ import annotations

import asyncio
import datetime

from kallphone.phone.events import Event, MinutePassed
from kallphone.wall_clock import keep_time, minute_of


def test_a_minute_is_told_in_words_and_days() -> None:
    first = minute_of(datetime.datetime(2026, 11, 25, 9, 5, 59))  # noqa: DTZ001 - local time
    assert (first.clock, first.date, first.day) == ("09:05", "Wed 25 Nov", 20_782)
    assert (first.at + first.offset_s) % 86_400 == 9 * 3600 + 5 * 60 + 59
    assert minute_of(datetime.datetime(2026, 11, 26, 0, 0)).day == first.day + 1  # noqa: DTZ001


def test_time_is_told_at_once() -> None:
    posted: list[Event] = []

    async def run() -> None:
        told = asyncio.Event()

        def post(event: Event) -> None:
            posted.append(event)
            told.set()

        task = asyncio.create_task(keep_time(post, lambda: datetime.datetime(2026, 1, 1, 12, 0)))  # noqa: DTZ001
        await told.wait()
        task.cancel()

    asyncio.run(run())
    told = [(one.clock, one.date) for one in posted if isinstance(one, MinutePassed)]
    assert told == [("12:00", "Thu 1 Jan")]
