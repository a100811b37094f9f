"""Under which names a service is asked for: a page of another site must not reach it under one of its own (DNS rebinding)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The names of this machine, and of no other."""


def is_ours(host: str, names: Collection[str], *, any_name: bool) -> bool:
    """Whether a Host header names one of ``names``, or any where a gateway has judged it; never where it is malformed."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return any_name or name in names
