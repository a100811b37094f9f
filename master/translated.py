"""Answers of the API in the reader's language: advice and help, which other parts tell in English."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from master.choices import language_of
from master.words import ENGLISH, Words

if TYPE_CHECKING:
    from starlette.requests import Request

TRANSLATED: Final = frozenset({"advice", "help", "summary"})
"""The members that are translated, wherever they are. All else is for programs, too, or is told of one image alone."""


def translated(request: Request, body: bytes) -> bytes:
    """A JSON document in the language of whoever asks, as far as the page's strings have its sentences.

    That is the language of the page, or what ``Accept-Language`` asks for; who says nothing of it is answered in English.
    """
    return in_language(language_of(request), body)


def in_language(language: str, body: bytes) -> bytes:
    """The same for a language that is known."""
    if language == ENGLISH:
        return body
    return json.dumps(_translated(json.loads(body), Words(language)), ensure_ascii=False).encode()


def _translated(told: Any, words: Words) -> Any:
    if isinstance(told, list):
        return [_translated(each, words) for each in told]
    if isinstance(told, dict):
        return {
            name: words.translated(value)
            if name in TRANSLATED and isinstance(value, str)
            else _translated(value, words)
            for name, value in told.items()
        }
    return told
