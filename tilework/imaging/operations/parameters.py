"""Typed parameters of operations: declared once, and from there come parsing, help, API schema and the page's forms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = int | float | bool | str
"""What a parameter can hold."""

Widget: TypeAlias = Literal["slider", "number", "switch", "choice", "text"]
"""What a form shows for a parameter."""

LONGEST_SLIDER = 1_000
"""Steps of one, from the lowest value to the highest, beyond which a number is better typed than pushed."""

Arguments: TypeAlias = Mapping[str, Value]
"""Every parameter of an operation by name, defaults filled in and all values within their bounds."""

NAMES_OF_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "word": "a word",
    "picture": "the name of a picture",
}

MOST_NAME_CHARACTERS = 64
"""Of a picture's name, which is a part of keys and of file names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter.

    ``default`` None means: must be given, unless ``default_from`` names the parameter whose value it takes.
    ``minimum`` and ``maximum`` are inclusive, and make a number's ``widget`` a slider where they lie near each other. ``shown`` keeps the value in the canonical text even when it is the
    default. ``example`` is what a form starts with where there is no default.

    A ``picture`` is the name of one that the deployment keeps, a word of the language like any other; which one that is,
    a message never says (:mod:`tilework.imaging.pictures`).
    """

    name: str
    type: Literal["int", "float", "bool", "word", "picture"]
    help: str
    default: Value | None = None
    default_from: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: tuple[Value, ...] = ()
    odd: bool = False
    unit: str | None = None
    shown: bool = False
    example: Value | None = None

    @property
    def widget(self) -> Widget:
        """What a form shows for it."""
        if self.choices:
            return "choice"
        if self.type in {"bool", "word", "picture"}:
            return "switch" if self.type == "bool" else "text"
        if self.minimum is None or self.maximum is None or self.maximum - self.minimum > LONGEST_SLIDER:
            return "number"
        return "slider"

    @property
    def required(self) -> bool:
        """Whether a pipeline must give it."""
        return self.default is None and self.default_from is None

    def accept(self, value: Value) -> Value:
        """Return ``value`` as this parameter's type; raises ValueError with a sentence that says what is wanted."""
        value = self._typed(value)
        if self.choices and value not in self.choices:
            raise ValueError(
                f"{self.name} is one of {', '.join(map(write, self.choices))}, not {write(value)}"
            )
        if isinstance(value, (str, bool)):
            return value
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"{self.name} is at least {write(self.minimum)}, not {write(value)}")
        if self.maximum is not None and value > self.maximum:
            raise ValueError(f"{self.name} is at most {write(self.maximum)}, not {write(value)}")
        if self.odd and value % 2 == 0:
            raise ValueError(f"{self.name} is an odd number, not {write(value)}")
        return value

    def _typed(self, value: Value) -> Value:
        kind = "word" if isinstance(value, str) else type(value).__name__
        wanted = "word" if self.type == "picture" else self.type
        if self.type == "float" and kind == "int":
            try:
                return float(value)
            except OverflowError:
                raise ValueError(f"{self.name} is too large a number") from None
        if kind != wanted:
            raise ValueError(f"{self.name} is {NAMES_OF_TYPES[self.type]}, not {write(value)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{self.name} is too large a number")
        if self.type == "picture" and len(str(value)) > MOST_NAME_CHARACTERS:
            raise ValueError(f"{self.name} has at most {MOST_NAME_CHARACTERS} characters")
        return value

    def describe(self) -> dict[str, object]:
        """Everything about it as JSON-able data."""
        return {
            "name": self.name,
            "type": self.type,
            "help": self.help,
            "required": self.required,
            "default": self.default,
            "default_from": self.default_from,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": list(self.choices),
            "odd": self.odd,
            "unit": self.unit,
            "widget": self.widget,
            "example": self.example if self.default is None else self.default,
        }


def write(value: Value) -> str:
    """Write a value as the pipeline language does: ``true``, ``100`` for 100.0, ``0.5``, ``rect``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    return str(value)
