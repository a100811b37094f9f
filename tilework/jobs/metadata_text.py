"""Unicode in object metadata, which travels in HTTP headers and so is ASCII: RFC 2047 encoded words.

S3 itself shows metadata that it got as raw UTF-8 in this form ("Working with object metadata", user guide), so one
decoder reads what any client wrote. Both ways together are exact: ``decode(encode(text)) == text`` for any text.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re

_WORD_TEXT_BYTES = 45
"""60 characters of base64; with its frame a word stays below the 75 characters that RFC 2047, section 2, allows."""

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Visible ASCII with single spaces inside: headers lose outer blanks, and request signing folds inner ones."""

_WORD = re.compile(r"=\?([A-Za-z0-9_-]+)(?:\*[A-Za-z0-9-]+)?\?([BbQq])\?([^? ]*)\?=")
_WORDS = re.compile(rf"{_WORD.pattern}(?:\s+{_WORD.pattern})*")


def encode(text: str) -> str:
    """Return ``text`` itself where a header carries it unharmed, else encoded words that spell it.

    Raises UnicodeEncodeError where ``text`` holds half a surrogate pair.
    """
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    return " ".join(f"=?UTF-8?B?{base64.b64encode(part).decode()}?=" for part in _parts(text))


def _parts(text: str) -> list[bytes]:
    """Cut the UTF-8 of ``text`` on characters' borders into parts that fit a word; one empty part for no text."""
    parts = [b""]
    for character in text:
        encoded = character.encode()
        if len(parts[-1]) + len(encoded) > _WORD_TEXT_BYTES:
            parts.append(b"")
        parts[-1] += encoded
    return parts


def decode(header: str) -> str:
    """Return the text that ``header`` spells; what is no valid encoded word stays as it is."""
    return _WORDS.sub(_spell, header) if "=?" in header else header


def _spell(run: re.Match[str]) -> str:
    """Return the text of adjoining encoded words, whose bytes belong together even where a character is cut."""
    words = _WORD.findall(run[0])
    charset = words[0][0]
    try:
        return b"".join(_word_bytes(kind, text) for _, kind, text in words).decode(charset)
    except (LookupError, UnicodeDecodeError, binascii.Error):
        return run[0]


def _word_bytes(kind: str, text: str) -> bytes:
    if kind in "Bb":
        return base64.b64decode(text, validate=True)
    return quopri.decodestring(text.encode(), header=True)
