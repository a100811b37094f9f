"""Where the time of each rank went, for whoever asks with ``--profile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.phase import PHASES
from tilework.imaging.stopwatch import by_rank

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from tilework.imaging.stopwatch import Profile


def table(profiles: Iterable[Profile], elapsed: float) -> Table:
    """A row a rank, in seconds; whatever of ``elapsed`` it did not work is told as waiting, its start among it."""
    from rich.table import Table  # noqa: PLC0415 - only those who ask wait for it

    ranks = by_rank(profiles)
    parts = [part for part in PHASES if any(part in profile.seconds for profile in ranks)]
    found = Table("rank", *parts, "wait", title=f"Seconds of {elapsed:.2f} by rank")
    for number, profile in enumerate(ranks):
        seconds = [profile.seconds.get(part, 0.0) for part in parts]
        waited = max(0.0, elapsed - sum(seconds))
        found.add_row(str(number), *(f"{each:.2f}" for each in (*seconds, waited)))
    return found


def as_json(profiles: Iterable[Profile]) -> list[dict[str, float]]:
    """The same for programs: an object a rank, of seconds by part."""
    return [
        {part: round(seconds, 4) for part, seconds in profile.seconds.items()}
        for profile in by_rank(profiles)
    ]
