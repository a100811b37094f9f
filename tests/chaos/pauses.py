"""The longest pause: how long no job ended although there was work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def longest_pause(jobs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """(when it began, how long it was), of jobs as (asked, ended), in seconds; (0, 0) without any.

    It begins when a job ends and others are left, or when one is asked for and none was; it ends when one ends. Two clocks
    may have told the times: what ended before it was asked for took no time.
    """
    moments = []
    for asked, ended in jobs:
        moments += [(asked, 1), (max(asked, ended), -1)]
    at_work, since, longest = 0, 0.0, (0.0, 0.0)
    for moment, change in sorted(moments, key=lambda each: (each[0], -each[1])):
        if change < 0:
            longest = max(longest, (since, moment - since), key=lambda pause: pause[1])
            since = moment
        elif at_work == 0:
            since = moment
        at_work += change
    return longest
