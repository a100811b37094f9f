"""What notices add up to: counters a day, and a day and pipeline.

Notices come at least once and may be lost, so the counters are close, not exact; the job table is the authority.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tilework.errors import PipelineError
from tilework.jobs.statistics import day_name, pipeline_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilework.jobs.messages import Notice

PIXELS_A_MEGAPIXEL = 1e6

LARGEST = 1e15
"""No size, time or count of an image comes near; with ``DECIMALS`` it stays below DynamoDB's 38 digits."""

DECIMALS = 6
"""Microseconds: what comes after them is noise that would fill a number's digits."""

MOST_AMOUNTS = 50

NAME_CHARACTERS = 400
"""Of a pipeline in a row's name: at four bytes each it stays below the 2,048 bytes of a DynamoDB key."""

_NAME = re.compile(r"[\w.:-]{0,100}", re.ASCII)


def countable(told: Notice) -> bool:
    """Whether the notice can be added to others; if not, the table would refuse the sum, and the others with it."""
    texts = (told.kind, told.job, told.facts.get("state", ""), told.facts.get("code", ""), *told.amounts)
    try:
        told.facts.get("pipeline", "").encode()
    except UnicodeEncodeError:
        return False
    return (
        all(map(_NAME.fullmatch, texts))
        and len(told.amounts) <= MOST_AMOUNTS
        and all(0 <= amount <= LARGEST for amount in told.amounts.values())
    )


def tally(notices: Iterable[Notice]) -> dict[tuple[str, str], dict[str, float]]:
    """What ended jobs add to which statistics row, by its name and group: jobs by state and code, sizes, times."""
    sums: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in notices:
        if each.kind != "ended":
            continue
        amounts = _amounts(each)
        day = day_name(each.at)
        pipeline = _pipeline(each)
        for row in ((day, ""), (pipeline_name(day, pipeline), day)):
            for what, amount in amounts.items():
                sums[row][what] += amount  # type: ignore[assignment] # a Counter adds floats as well
    return {
        row: {what: round(amount, DECIMALS) for what, amount in counted.items()}
        for row, counted in sums.items()
    }


def _pipeline(ended: Notice) -> str:
    """What the pipelines of a day are told apart by; texts that are no pipeline are one."""
    if ended.facts.get("code") == PipelineError.code:
        return "(not understood)"
    return ended.facts.get("pipeline", "")[:NAME_CHARACTERS] or "(none)"


def _amounts(ended: Notice) -> dict[str, float]:
    state = ended.facts.get("state", "").lower() or "unknown"
    amounts = {state: 1.0}
    if code := ended.facts.get("code"):
        amounts[f"{state}:{code}"] = 1.0
    amounts["megapixels"] = ended.amounts.get("pixels", 0.0) / PIXELS_A_MEGAPIXEL
    amounts |= {
        name: amount
        for name, amount in ended.amounts.items()
        if name.startswith("seconds") or name.endswith("_bytes")
    }
    return {name: amount for name, amount in amounts.items() if amount}
