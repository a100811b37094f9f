"""Which page of a file is read: never one of several without being asked."""

from __future__ import annotations

from tilework.errors import NoSuchPageError


def refuse_page(page: int | None) -> None:
    """Raise :class:`~tilework.errors.NoSuchPageError` for any page but 0 of a file that holds a single picture."""
    if page:
        raise NoSuchPageError(f"The file holds one picture, page 0; page {page} was asked for.")
