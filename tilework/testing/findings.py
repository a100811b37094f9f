"""What the kit found: promises that an operation breaks, each with what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMISES = {
    "facts": "What it says of itself is complete and true.",
    "bounds": "Whatever its parameters' bounds allow, it does; whatever they do not allow is refused.",
    "declared": "Its result has the size, depth, channels and alpha that it declares; a mask has 0 and one value beside it.",
    "examples": "The Python beside each example gives the same bytes.",
    "windows": "Nothing outside the window that it declares changes its result.",
    "tiles": "In tiles and units of any size, alone and in a chain, it gives the bytes of the whole.",
    "grouping": "What it measures does not depend on how the image is cut, nor on the order of joining.",
    "reports": "Its report is JSON, has every column in each row, as many rows as it counts, and the same bytes in units.",
    "purity": "The same call gives the same, in any process, after any other; its input stays as it was.",
    "pickling": "It, its steps and what it measures cross to other processes.",
}
"""What every operation promises, by the name that a finding bears."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise (a key of :data:`PROMISES`) that is broken, and the sentence that says how, with what shows it."""

    promise: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.sentence}"


Found: TypeAlias = Finding | float | Literal["skipped"] | None
"""What a trial gives: a broken promise, by how much an operation that is not exact differed, or nothing.

One is skipped where the operation takes no such picture.
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of one thread that an example takes: by the engine on a whole image, and by the Python beside it."""

    text: str
    ours: float
    opencv: float
    megasamples: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the Python it is; 1 is as fast."""
        return self.opencv / self.ours


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of one operation: true if a promise is broken.

    ``tried`` counts the trials in ``seconds``. ``unlike`` is the largest difference between tiles and the whole that an
    operation which is not exact showed. ``speed`` is None where nobody asked, or nothing could be compared.
    """

    operation: str
    broken: tuple[Finding, ...]
    tried: int
    seconds: float
    unlike: float = 0.0
    speed: Speed | None = None

    def __bool__(self) -> bool:
        return bool(self.broken)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.broken)

    def __str__(self) -> str:
        if not self.broken:
            return f"{self.operation} keeps its promises ({self.tried} trials)."
        return "\n".join(
            [f"{self.operation} breaks {len(self.broken)} promise(s):", *(f"- {one}" for one in self.broken)]
        )
