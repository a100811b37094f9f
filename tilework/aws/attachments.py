"""How a browser is told to save a file instead of showing it, whatever it is called."""

from __future__ import annotations

from urllib.parse import quote

_NOT_IN_NAMES = frozenset('/\\"')


def disposition(filename: str) -> str:
    """Return a Content-Disposition for ``filename``: ASCII for old clients, RFC 5987 (UTF-8) for all others.

    What would name a folder, end the quotes or only show (controls, marks that turn the writing) becomes ``_``.
    """
    name = "".join("_" if each in _NOT_IN_NAMES or not each.isprintable() else each for each in filename)
    plain = "".join(each if each.isascii() else "_" for each in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
