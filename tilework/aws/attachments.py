"""How a browser is told to save a file instead of showing it, whatever it is called."""

from __future__ import annotations

import re
from urllib.parse import quote

_NOT_IN_QUOTES = re.compile(r"[^ !#-\[\]-~]")


def disposition(filename: str) -> str:
    """Return a Content-Disposition for ``filename``: ASCII for old clients, RFC 5987 (UTF-8) for all others."""
    plain = _NOT_IN_QUOTES.sub("_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
