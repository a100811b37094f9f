"""What can be done about a failed job, told by its code: whether trying again or another pipeline could ever help.

``permanent`` in the tree says that a worker need not try again by itself. Here it is about people, who can meanwhile have
raised a limit, corrected a preset, or mended a policy: then the very same job succeeds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tilework.errors import TileworkError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Remedy(StrEnum):
    """What a user may order for a failed job."""

    RETRY = "retry"
    ANOTHER_PIPELINE = "another_pipeline"


HOPELESS: Final = frozenset(
    {
        "bad_image",
        "damaged",
        "empty",
        "folder_marker",
        "foreign_bucket",
        "not_an_image",
        "unreadable_message",
        "unsupported_format",
        "version_gone",
    }
)
"""Of these the file itself is the reason, which as this version never changes, or there is none."""

OF_THE_PIPELINE: Final = frozenset(
    {
        "bad_pipeline",
        "does_not_fit",
        "no_such_page",
        "operation_failed",
        "several_pages",
        "unsupported_pixels",
    }
)
"""Of these this pipeline on this image is the reason: the same again ends the same."""


def remedies(code: str) -> tuple[Remedy, ...]:
    """What may help against a failure of this code, the likeliest first; of a code that nobody knows everything may."""
    if code in HOPELESS:
        return ()
    if code in OF_THE_PIPELINE:
        return (Remedy.ANOTHER_PIPELINE,)
    return (Remedy.RETRY, Remedy.ANOTHER_PIPELINE)


def may_succeed(code: str) -> bool:
    """Whether the very same job, tried again, could ever succeed."""
    return Remedy.RETRY in remedies(code)


@dataclass(frozen=True, slots=True)
class Explained:
    """What a code means, and what to do about it, whatever the job."""

    code: str
    sentence: str
    advice: str


def explained() -> dict[str, Explained]:
    """All codes of the tree, by their names; the class nearest to its root tells."""
    found: dict[str, Explained] = {}
    for kind in _kinds(TileworkError):
        sentence = _MARKUP.sub(r"\1", " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split()))
        found.setdefault(kind.code, Explained(kind.code, sentence, kind.advice))
    return found


_MARKUP: Final = re.compile(r"(?::\w+:)?`+([^`]*)`+")


def _kinds(kind: type[TileworkError]) -> Iterator[type[TileworkError]]:
    waiting = [kind]
    while waiting:
        each = waiting.pop(0)
        yield each
        waiting.extend(each.__subclasses__())
