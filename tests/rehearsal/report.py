"""What a rehearsal found: checks by part, and every one that is wrong."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from rich.table import Table

from tilework.errors import TileworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass
class Part:
    """One part: how many checks it made, which were wrong, how long it took."""

    title: str
    checks: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Report:
    """In the order of the parts; each is told through ``say`` when it is over."""

    say: Callable[[str], None]
    parts: list[Part] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.wrong

    @property
    def wrong(self) -> list[str]:
        return [f"{part.title}: {one}" for part in self.parts for one in part.wrong]

    @contextmanager
    def part(self, title: str) -> Iterator[Part]:
        """Time a part; whatever fails in it is one more that is wrong, and the rehearsal goes on."""
        part = Part(title)
        self.parts.append(part)
        began = time.monotonic()
        try:
            yield part
        except (AssertionError, TileworkError, ClientError) as error:
            part.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            part.seconds = time.monotonic() - began
            self.say(f"{title}: {part.checks} checks, {len(part.wrong)} wrong ({part.seconds:.1f} s)")

    def table(self) -> Table:
        table = Table("part", "checks", "wrong", "seconds", title="The rehearsal")
        for part in self.parts:
            table.add_row(part.title, str(part.checks), str(len(part.wrong)), f"{part.seconds:.1f}")
        return table


def all_are(part: Part, outcomes: Iterable[tuple[str, bool]]) -> None:
    """Count the outcomes, and keep the names of those that are not as they must be."""
    for name, is_right in outcomes:
        part.checks += 1
        if not is_right:
            part.wrong.append(name)
