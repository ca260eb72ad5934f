from __future__ import annotations

import itertools
import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kallnet.endpoint import Endpoint, EndpointFailed
from kallnet.errors import (
    HeaderInvalid,
    LedgerDisputed,
    LedgerLied,
    LedgerRefused,
    LedgerStale,
    LedgerUnreachable,
)
from kallnet.header import Header, header_of

Finality = Literal["finalized", "safe", "latest"]
Blame = Callable[[Endpoint, str], None]

HOUR = 3600.0
# How long an agreed header serves before the endpoints are asked again, in seconds. Whoever wants the newest
# block waits for what it has just sent.
REFRESH: dict[Finality, float] = {"finalized": 2.0, "safe": 2.0, "latest": 0.0}

_MAX_ASKING = 2  # threads per endpoint


@dataclass(frozen=True, slots=True)
class _Failure:
    words: str
    is_lie: bool


_Reports = dict[Endpoint, Header | _Failure]


class Headers:
    """The newest header that enough endpoints agree on: the root of all that is proved.

    `agree` endpoints must name the same hash, computed from the header's own fields. With one endpoint that
    is its word alone: what it says is checked against itself, against time (`max_age`, seconds) and against
    earlier blocks, but a chain that it made up altogether can't be told from the real one.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        chain_id: int,
        *,
        agree: int,
        finality: Finality,
        blame: Blame,
        max_age: float = HOUR,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 1 <= agree <= len(endpoints):
            raise ValueError(f"{agree} of {len(endpoints)} endpoints can't agree")
        self._endpoints = endpoints
        self._chain_id = chain_id
        self._agree = agree
        self._finality = finality
        self._blame = blame
        self._max_age = max_age
        self._refresh = REFRESH[finality]
        self._clock = clock
        self._timer = timer
        self._newest: Header | None = None
        self._asked_at = -math.inf
        self._asking: Counter[Endpoint] = Counter()
        self._lock = threading.Lock()

    def newest(self) -> Header:
        """Raises LedgerUnreachable, LedgerDisputed when too few agree, LedgerStale when it is too old."""
        if self._newest is None or self._timer() - self._asked_at >= self._refresh:
            header = self._agreed()
            if not self._goes_back(header):
                self._newest = header
            self._asked_at = self._timer()
        assert self._newest is not None
        self._require_young(self._newest)
        return self._newest

    @property
    def seen(self) -> Header | None:
        return self._newest

    def expect(self, header: Header) -> None:
        """Of an earlier run: no older header is taken, so that nobody can bring back a past."""
        self._newest = header

    def _goes_back(self, header: Header) -> bool:
        # A final block stays; the newest ones may be reorganised.
        # By time, not by number: a made-up height must not shut out the real chain for good, nor must a
        # chain that was started anew. One from the future was made up, or our clock can't tell.
        newest = self._newest
        return (
            self._finality == "finalized"
            and newest is not None
            and header.timestamp < newest.timestamp <= self._clock() + self._max_age
        )

    def _require_young(self, header: Header) -> None:
        age = self._clock() - header.timestamp
        if age > self._max_age:
            raise LedgerStale(header.number, age, [endpoint.name for endpoint in self._endpoints])

    def _agreed(self) -> Header:
        newest = self._poll(self._endpoints, self._finality)
        for reports in itertools.chain([newest], self._lower(newest)):
            if header := self._winner(reports):
                self._name_liars(reports, header)
                return header
        raise self._disagreement(reports)

    def _winner(self, reports: _Reports) -> Header | None:
        votes = Counter(report for report in reports.values() if isinstance(report, Header))
        agreed = [header for header, count in votes.items() if count >= self._agree]
        return max(agreed, key=lambda header: header.number, default=None)

    def _lower(self, reports: _Reports) -> Iterator[_Reports]:
        """Endpoints are seldom at the same height: asks those ahead for the blocks that others are at."""
        heights = sorted((r.number for r in reports.values() if isinstance(r, Header)), reverse=True)
        # A liar may stand at the first such height, so the next ones are tried, too.
        for target in dict.fromkeys(heights[self._agree - 1 :]):
            ahead = [e for e, r in reports.items() if isinstance(r, Header) and r.number > target]
            others = {e: r for e, r in reports.items() if e not in ahead}
            yield {**reports, **self._poll(ahead, target, others)}

    def _disagreement(self, reports: _Reports) -> Exception:
        failures = {e: report for e, report in reports.items() if isinstance(report, _Failure)}
        lies = {e.name: failure.words for e, failure in failures.items() if failure.is_lie}
        causes = {e.name: failure.words for e, failure in failures.items() if not failure.is_lie}
        for endpoint, failure in failures.items():
            if failure.is_lie:
                self._blame(endpoint, failure.words)
        if len(failures) < len(reports):
            return LedgerDisputed(self._agree, {e.name: _told(report) for e, report in reports.items()})
        return LedgerLied(lies, causes) if lies else LedgerUnreachable(causes)

    def _name_liars(self, reports: _Reports, agreed: Header) -> None:
        for endpoint, report in reports.items():
            if isinstance(report, _Failure):
                if report.is_lie:
                    self._blame(endpoint, report.words)
            elif self._finality != "finalized":
                continue  # the newest blocks of two honest endpoints may differ for a while
            elif report.number == agreed.number and report.hash != agreed.hash:
                self._blame(endpoint, f"its block {agreed.number} is not that of the others")

    def _poll(
        self, endpoints: Sequence[Endpoint], which: Finality | int, known: _Reports | None = None
    ) -> _Reports:
        """Asks all at once, and waits for no more than it takes to agree."""
        answers: queue.Queue[tuple[Endpoint, Header | _Failure]] = queue.Queue()
        for endpoint in endpoints:
            if not self._begin(endpoint):
                answers.put((endpoint, _Failure("still busy with earlier questions", is_lie=False)))
                continue
            threading.Thread(
                target=lambda e: answers.put((e, self._asked(e, which))), args=(endpoint,), daemon=True
            ).start()
        reports: _Reports = {}
        wait = max((endpoint.timeout for endpoint in endpoints), default=0.0) * 2
        while len(reports) < len(endpoints) and not self._winner({**(known or {}), **reports}):
            try:
                endpoint, report = answers.get(timeout=wait)
            except queue.Empty:
                break
            reports[endpoint] = report
        late = _Failure("no answer in time", is_lie=False)
        return reports | {e: late for e in endpoints if e not in reports and not self._winner(reports)}

    def _begin(self, endpoint: Endpoint) -> bool:
        """An endpoint that hangs must not cost a thread for each question."""
        with self._lock:
            if self._asking[endpoint] >= _MAX_ASKING:
                return False
            self._asking[endpoint] += 1
            return True

    def _asked(self, endpoint: Endpoint, which: Finality | int) -> Header | _Failure:
        try:
            return self._report(endpoint, which)
        finally:
            with self._lock:
                self._asking[endpoint] -= 1

    def _report(self, endpoint: Endpoint, which: Finality | int) -> Header | _Failure:
        asked = hex(which) if isinstance(which, int) else which
        try:
            block: Any = endpoint.ask("eth_getBlockByNumber", [asked, False], chain_id=self._chain_id)
            if block is None:
                return _Failure("it has no such block", is_lie=False)
            header = header_of(block)
        except (EndpointFailed, LedgerRefused) as error:
            return _Failure(str(error), is_lie=False)
        except HeaderInvalid as error:
            return _Failure(str(error), is_lie=True)
        if isinstance(which, int) and header.number != which:
            return _Failure(f"it sent block {header.number} for block {which}", is_lie=True)
        return header


def _told(report: Header | _Failure) -> str:
    if isinstance(report, _Failure):
        return report.words
    return f"block {report.number} is 0x{report.hash.hex()[:16]}..."
