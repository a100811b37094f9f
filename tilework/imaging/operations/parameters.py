"""Typed parameters of operations: declared once, and from there come parsing, help, API schema and the page's forms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Matrix: TypeAlias = tuple[tuple[float, ...], ...]
"""Numbers in rows, all as long as the first; at least one."""

Value: TypeAlias = int | float | bool | str | Matrix
"""What a parameter can hold."""

Widget: TypeAlias = Literal["slider", "number", "switch", "choice", "matrix", "picture", "text"]
"""What a form shows for a parameter."""

LONGEST_SLIDER = 1_000
"""Steps of one, from the lowest value to the highest, beyond which a number is better typed than pushed."""

Arguments: TypeAlias = Mapping[str, Any]
"""Every parameter of an operation by name, a :data:`Value` each: defaults filled in and all within their bounds.

What an operation has measured of the whole image stands among them.
"""

NAMES_OF_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "word": "a word",
    "matrix": "a matrix such as [0, 1; 1, 0]",
    "picture": "the name of a picture",
}

MOST_NAME_CHARACTERS = 64
"""Of a picture's name, which is a part of keys and of file names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter.

    ``default`` None means: must be given, unless ``default_from`` names the parameter whose value it takes.
    ``minimum`` and ``maximum`` are inclusive, and make a number's ``widget`` a slider where they lie near each other. They
    hold for each number of a matrix; of its sides, ``odd`` holds for both, and ``longest`` is the greatest (rows, columns).
    ``shown`` keeps the value in the canonical text even when it is the
    default. ``example`` is what a form starts with where there is no default.

    A ``picture`` is the name of one that the deployment keeps, a word of the language like any other; which one that is,
    a message never says (:mod:`tilework.imaging.pictures`).
    """

    name: str
    type: Literal["int", "float", "bool", "word", "matrix", "picture"]
    help: str
    default: Value | None = None
    default_from: str | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: tuple[Value, ...] = ()
    odd: bool = False
    longest: tuple[int, int] | None = None
    unit: str | None = None
    shown: bool = False
    example: Value | None = None

    @property
    def widget(self) -> Widget:
        """What a form shows for it."""
        if self.choices:
            return "choice"
        match self.type:
            case "bool":
                return "switch"
            case "word":
                return "text"
            case "matrix" | "picture":
                return self.type
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
        if isinstance(value, tuple):
            return self._matrix(value)
        if isinstance(value, (str, bool)):
            return value
        self._bounded(value)
        if self.odd and value % 2 == 0:
            raise ValueError(f"{self.name} is an odd number, not {write(value)}")
        return value

    def number(self, value: float) -> float:
        """Return ``value`` as a number of this parameter's matrix; raises ValueError as :meth:`accept` does."""
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise ValueError(f"{self.name} holds too large a number")
        self._bounded(value)
        return value + 0.0  # of two zeros that would be written alike one is left

    def _matrix(self, rows: Matrix) -> Matrix:
        """Return the rows, each number as it is accepted alone."""
        across = len(rows[0]) if rows else 0
        if not across or any(len(row) != across for row in rows):
            raise ValueError(f"{self.name} has rows of one length, of a number at least")
        if self.longest is not None and (len(rows) > self.longest[0] or across > self.longest[1]):
            most = " x ".join(map(str, self.longest))
            raise ValueError(f"{self.name} is at most {most} (rows x columns), not {len(rows)} x {across}")
        if self.odd and not (len(rows) % 2 and across % 2):
            raise ValueError(
                f"{self.name} has an odd number of rows and of columns, not {len(rows)} x {across}"
            )
        return tuple(tuple(map(self.number, row)) for row in rows)

    def _bounded(self, value: float) -> None:
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"{self.name} is at least {write(self.minimum)}, not {write(value)}")
        if self.maximum is not None and value > self.maximum:
            raise ValueError(f"{self.name} is at most {write(self.maximum)}, not {write(value)}")

    def _typed(self, value: Value) -> Value:
        kinds = {"str": "word", "tuple": "matrix"}
        kind = kinds.get(type(value).__name__, type(value).__name__)
        wanted = "word" if self.type == "picture" else self.type
        if self.type == "float" and kind == "int" and isinstance(value, int):
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
            "longest": self.longest and list(self.longest),
            "unit": self.unit,
            "widget": self.widget,
            "shown": self.shown,
            "example": self.example if self.default is None else self.default,
        }


def write(value: Value) -> str:
    """Write a value as the pipeline language does: ``true``, ``100`` for 100.0, ``0.5``, ``rect``, ``[0, 1; 1, 0]``.

    A number has the fewest digits that read back as the same number.
    """
    if isinstance(value, tuple):
        return f"[{'; '.join(', '.join(map(write, row)) for row in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    return str(value)
