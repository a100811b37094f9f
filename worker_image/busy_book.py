"""How busy this host's ranks were: looked at each second, kept as shares of the last minute and of spans of the last hour."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tilework.jobs.signs import SPAN_SECONDS, SPANS, Past

MINUTE = 60.0

GAP_SECONDS = 10.0
"""A look counts for no more: between two that are farther apart this process stood still."""


@dataclass(slots=True)
class _Span:
    """``busy`` and ``all`` in seconds of ranks."""

    busy: float = 0.0
    all: float = 0.0
    ended: int = 0
    waiting: int = 0


class BusyBook:
    """For one thread. Times in seconds since the epoch."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._minute: deque[tuple[float, float, float]] = deque()
        self._spans: dict[int, _Span] = {}
        self._ended = 0

    def resume(self, now: float, past: Past, ranks: int) -> None:
        """Go on with what an earlier process of this host, of so many ranks, had seen."""
        seen = zip(past.busy, past.ended, past.waiting, strict=False)
        time = float(SPAN_SECONDS * ranks)
        for number, (share, ended, waiting) in enumerate(seen, past.first):
            # a span that is yet to come would hide those that are
            if number <= now // SPAN_SECONDS:
                self._spans[number] = _Span(share / 100 * time, time, ended, waiting)

    def look(self, now: float, busy: int, ranks: int) -> None:
        """So many of the ranks work now, and are taken to have done so since the last look."""
        passed = 0.0 if self._last is None else min(GAP_SECONDS, max(0.0, now - self._last))
        self._last = now
        self._minute.append((now, busy * passed, ranks * passed))
        while self._minute[0][0] <= now - MINUTE:
            self._minute.popleft()
        span = self._span(now)
        span.busy += busy * passed
        span.all += ranks * passed

    def count(self, now: float, ended: int) -> None:
        """So many jobs have ended since this host started."""
        self._span(now).ended += max(0, ended - self._ended)
        self._ended = ended

    def waiting(self, now: float, messages: int) -> None:
        """So many messages wait in the queues."""
        span = self._span(now)
        span.waiting = max(span.waiting, messages)

    @property
    def share(self) -> float:
        """Of the ranks' time of the last minute, 0 to 1."""
        ranks = sum(each[2] for each in self._minute)
        return sum(each[1] for each in self._minute) / ranks if ranks else 0.0

    @property
    def past(self) -> Past:
        """The last hour; spans without a look are idle ones."""
        if not self._spans:
            return Past()
        last = max(self._spans)
        first = max(min(self._spans), last - SPANS + 1)
        spans = [self._spans.get(number, _Span()) for number in range(first, last + 1)]
        return Past(
            first,
            tuple(round(100 * each.busy / each.all) if each.all else 0 for each in spans),
            tuple(each.ended for each in spans),
            tuple(each.waiting for each in spans),
        )

    def _span(self, now: float) -> _Span:
        number = int(now // SPAN_SECONDS)
        if number not in self._spans:
            self._spans[number] = _Span()
            for old in [each for each in self._spans if each <= number - SPANS]:
                del self._spans[old]
        return self._spans[number]
