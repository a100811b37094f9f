"""Lines of a table of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def head(*cells: str) -> Iterator[str]:
    """The first two lines."""
    yield from row(*cells)
    yield from row(*["---"] * len(cells))


def row(*cells: str) -> Iterator[str]:
    """A line."""
    yield f"| {' | '.join(cells)} |"
