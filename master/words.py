"""The page's sentences: one file a language below strings/, the same keys in each; what one lacks is told in English."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

STRINGS = Path(__file__).parent / "strings"

ENGLISH: Final = "en"
"""The language that every other is a translation of."""

TOLD: Final = "told"
"""The part of a translation that English lacks: it is by sentences, and not by their names."""

_PLACE = re.compile(r"\{(\w+)\}")


class Words:
    """The sentences of one ``language``, which is a file's name without its suffix."""

    def __init__(self, language: str = ENGLISH) -> None:
        self.language = language
        self.sentences: Mapping[str, Any] = _sentences(language)

    def say(self, name: str, **values: object) -> str:
        """The sentence called ``name`` (``upload.count``), its places filled with ``values``. KeyError without one.

        Where there is a sentence for one and another for more, ``count`` decides. Numbers are written as the language does.
        """
        sentence: Any = self.sentences
        for part in name.split("."):
            sentence = sentence[part]
        if not isinstance(sentence, str):
            sentence = sentence["one" if values["count"] == 1 else "other"]
        return _PLACE.sub(lambda place: self._written(values[place[1]]), sentence)

    def translated(self, sentence: str) -> str:
        """A ``sentence`` that other parts tell in English, in this language; as it is where nobody has translated it."""
        return _told(self.language).get(sentence, sentence)

    def named(self, names: Collection[str], beginnings: tuple[str, ...]) -> Mapping[str, Any]:
        """Those of the sentences, part within part, that are called by one of ``names`` or of ``beginnings``."""

        def chosen(part: Mapping[str, Any], path: str) -> dict[str, Any]:
            found = {}
            for key, told in part.items():
                name = f"{path}{key}"
                if name in names or name.startswith(beginnings):
                    found[key] = told
                elif isinstance(told, dict) and (below := chosen(told, f"{name}.")):
                    found[key] = below
            return found

        return chosen(self.sentences, "")

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many digits after the point, as the language writes it."""
        marks = self.sentences["language"]
        return f"{value:,.{digits}f}".translate({ord(","): marks["thousands"], ord("."): marks["decimal"]})

    def _written(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return str(value)
        return self.number(value, 0 if value == int(value) else 2)


@functools.cache
def languages() -> Mapping[str, str]:
    """The languages there are, English first, each by the name that it has for itself."""
    found = sorted(path.stem for path in STRINGS.glob("*.json"))
    found.sort(key=lambda language: language != ENGLISH)
    return {language: _sentences(language)["language"]["name"] for language in found}


@functools.cache
def _sentences(language: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads((STRINGS / f"{language}.json").read_bytes())
    return told if language == ENGLISH else _over(_sentences(ENGLISH), told)


@functools.cache
def _told(language: str) -> Mapping[str, str]:
    """By the English of other parts (what operations do, advice on failures): the same in this language."""
    told: Mapping[str, str] = json.loads((STRINGS / f"{language}.json").read_bytes()).get(TOLD, {})
    return told


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is above, and what that lacks of what is below."""
    return {
        name: _over(value, above[name])
        if isinstance(value, dict) and isinstance(above.get(name), dict)
        else above.get(name, value)
        for name, value in below.items()
    }
