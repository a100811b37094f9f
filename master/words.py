"""The page's sentences: one file a language below strings/, the same keys in each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

STRINGS = Path(__file__).parent / "strings"

_PLACE = re.compile(r"\{(\w+)\}")


class Words:
    """The sentences of one ``language``, which is a file's name without its suffix."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self.sentences: Mapping[str, Any] = json.loads((STRINGS / f"{language}.json").read_bytes())

    def say(self, name: str, **values: object) -> str:
        """The sentence called ``name`` (``upload.count``), its places filled with ``values``. KeyError without one.

        Where there is a sentence for one and another for more, ``count`` decides. Numbers have commas between thousands.
        """
        sentence: Any = self.sentences
        for part in name.split("."):
            sentence = sentence[part]
        if not isinstance(sentence, str):
            sentence = sentence["one" if values["count"] == 1 else "other"]
        return _PLACE.sub(lambda place: _written(values[place[1]]), sentence)


def _written(value: object) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
