"""What strangers named, shown harmlessly: no control character reaches the terminal, nothing turns the line around."""

from __future__ import annotations

import shlex
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

JOINERS = frozenset("\u200c\u200d")
"""Format characters that many scripts and emoji are written with; they can do no harm."""


def shown(text: str, *, most: int | None = None) -> str:
    r"""``text`` on one line, with control, bidirectional and other invisible characters as ``\x1b`` or ``\u202e``.

    Cut in the middle to ``most`` characters, if given.
    """
    safe = "".join(character if is_harmless(character) else _escaped(character) for character in text)
    if most is None or len(safe) <= most:
        return safe
    head = (most - 1) // 2
    return f"{safe[:head]}…{safe[len(safe) - (most - 1 - head) :]}"


def is_harmless(character: str) -> bool:
    """Whether a character can be shown anywhere: it is visible or a space, or joins what is."""
    kind = unicodedata.category(character)
    # Cc control, Cf format, Cs half a surrogate pair, Zl and Zp line and paragraph separators
    return kind not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or character in JOINERS


def _escaped(character: str) -> str:
    number = ord(character)
    if number < 0x100:  # noqa: PLR2004 - two hexadecimal digits
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004


def moment(seconds: float) -> str:
    """A time (seconds since the epoch) as local date and time; empty for 0, which means never."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def bytes_shown(count: int, written: Callable[[float, int], str] = "{:.{}f}".format) -> str:
    """``count`` bytes as a person reads them: ``812 B``, ``3.4 MB``; ``written`` writes a number with so many decimals."""
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":  # noqa: PLR2004 - SI
            break
        size /= 1000
    return f"{count} B" if unit == "B" else f"{written(size, 1)} {unit}"


def shell_word(text: str) -> str:
    r"""``text`` as one word of a command line that can be shown and copied: quoted, nothing invisible left in it.

    What :func:`shown` would spell out stands in ``$'…'``, which bash, zsh and ksh read (POSIX 2024, 2.2.4).
    """
    if all(map(is_harmless, text)):
        return shlex.quote(text)
    return "$'" + "".join(map(_quoted, text)) + "'"


def _quoted(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if is_harmless(character):
        return character
    # byte by byte: \u is not read by all of them
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))
