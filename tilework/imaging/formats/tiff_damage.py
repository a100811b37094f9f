"""What is wrong with one strip or tile, before anybody knows which."""

from __future__ import annotations


class SegmentDamageError(Exception):
    """A segment cannot be decoded whole; the text goes on a sentence that names it."""
