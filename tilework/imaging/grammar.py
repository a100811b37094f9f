"""Reading the pipeline language: characters to operations with typed arguments, each error at its character.

Two words around the operations are none: ``page(2)`` at the beginning chooses the page of a file that has several, and
``output(png)`` at the end the format of the result. Formats that hold no image (:data:`REPORTS`) stand behind an
operation that reports.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from tilework.errors import PipelineError
from tilework.imaging.operations import Parameter, registry, usage
from tilework.imaging.plugins import why_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tilework.imaging.operations import Operation, Value
    from tilework.imaging.operations.parameters import Matrix

MAX_TEXT_CHARACTERS = 4_000
"""Twice what S3 takes as metadata; longer texts are refused before they are looked at."""

TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>[|(),=\[\];])",
    re.ASCII,
)


REPORTS = ("json", "csv")
"""Those of a result that is no image but a report."""

ARCHIVES = ("dzi", "xyz")
"""Those of a result that is an archive of tiles for viewers."""

OUTPUTS = ("png", "jpeg", "tiff", "webp", *ARCHIVES, *REPORTS)
"""The formats that a result can be asked for in."""

MOST_PAGES = 65_535
"""Pages that a file can be asked for; its own limit is the smaller one."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the language with parameters, as an operation has them."""

    name: str
    parameters: tuple[Parameter, ...]


PAGE = Word(
    "page",
    (Parameter(name="number", type="int", help="page of the file, from 0", minimum=0, maximum=MOST_PAGES),),
)
OUTPUT = Word(
    "output", (Parameter(name="format", type="word", help="format of the result", choices=OUTPUTS),)
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: its operations with the arguments given and the offsets of their names, and what frames them.

    ``output_at`` is the offset of its output.
    """

    steps: list[tuple[Operation, dict[str, Value], int]]
    page: int | None
    output: str | None
    output_at: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; ``kind`` is ``number``, ``word``, ``sign`` or ``end``, ``position`` counts from 0."""

    kind: str
    text: str
    position: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


@dataclass(slots=True)
class _Reader:
    """The tokens of a text, and how far they are read."""

    tokens: list[Token]
    index: int = 0
    steps: list[tuple[Operation, dict[str, Value], int]] = field(default_factory=list)
    frame: dict[str, Any] = field(default_factory=dict)
    output_at: int = 0

    def next(self) -> Token:
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def skip(self, sign: str) -> bool:
        """Step over ``sign`` if it comes next."""
        found = self.tokens[self.index].kind == "sign" and self.tokens[self.index].text == sign
        if found:
            self.next()
        return found


def read(text: str) -> Reading:
    """Read a whole text. Raises :class:`~tilework.errors.PipelineError` with the offset of the fault."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise PipelineError(f"the pipeline has {len(text)} characters; that is too long", position=0)
    reader = _Reader(list(_tokens(text)))
    if reader.tokens[0].kind == "end":
        raise PipelineError("the pipeline is empty", position=0)
    while True:
        _step(reader)
        token = reader.next()
        if token.kind == "end":
            page, output = reader.frame.get("page"), reader.frame.get("output")
            return Reading(
                reader.steps,
                None if page is None else int(page),
                None if output is None else str(output),
                reader.output_at,
            )
        if token.text != "|":
            _fail(f"expected '|' between operations, found {token}", token)


def _step(reader: _Reader) -> None:
    """Read one step, whether an operation or a word around them."""
    name = reader.next()
    if "output" in reader.frame:
        _fail("nothing can follow output", name)
    if name.text in {"page", "output"}:
        if name.text == "page" and (reader.steps or reader.frame):
            _fail("page comes first", name)
        word = PAGE if name.text == "page" else OUTPUT
        given = _arguments(reader, word)
        if not given:
            _fail(f"{word.name} needs its {word.parameters[0].name}", name)
        reader.frame[word.name] = given[word.parameters[0].name]
        reader.output_at = name.position
        return
    operation = _operation(name)
    reader.steps.append((operation, _arguments(reader, operation), name.position))


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            _fail(f"unexpected character {text[position]!a}", Token("sign", text[position], position))
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match.group(), position)
        position = match.end()
    yield Token("end", "", len(text))


def _operation(name: Token) -> Operation:
    if name.kind != "word":
        _fail(f"expected the name of an operation, found {name}", name)
    operation = registry().get(name.text)
    if operation is None:
        why = why_missing(name.text) or _nearest(name.text, [*registry(), PAGE.name, OUTPUT.name])
        _fail(f"there is no operation {name}{why}", name)
    return operation


def _arguments(reader: _Reader, operation: Operation | Word) -> dict[str, Value]:
    given: dict[str, Value] = {}
    if not reader.skip("(") or reader.skip(")"):
        return given
    named = False
    while True:
        start = token = reader.next()
        if token.kind == "word" and reader.skip("="):
            named = True
            parameter = _named(operation, token)
            token = reader.next()
        elif named:
            _fail(f"expected a named argument after another, found {token}", token)
        else:
            parameter = _positional(operation, len(given), token)
        if parameter.name in given:
            _fail(f"{parameter.name} is given twice", start)
        given[parameter.name] = _value(reader, operation, parameter, token)
        if reader.skip(")"):
            return given
        if not reader.skip(","):
            token = reader.next()
            _fail(f"expected ',' or ')', found {token}", token)


def _named(operation: Operation | Word, name: Token) -> Parameter:
    parameters = {parameter.name: parameter for parameter in operation.parameters}
    if name.text not in parameters:
        _fail(f"{operation.name} has no parameter {name}{_nearest(name.text, parameters)}", name)
    return parameters[name.text]


def _positional(operation: Operation | Word, index: int, token: Token) -> Parameter:
    if not _begins_value(token):
        _fail(f"expected a value, found {token}", token)
    if index >= len(operation.parameters):
        _fail(f"too many arguments for {usage(operation)}", token)
    return operation.parameters[index]


def _begins_value(token: Token) -> bool:
    return token.kind in {"number", "word"} or token.text == "["


def _value(reader: _Reader, operation: Operation | Word, parameter: Parameter, token: Token) -> Value:
    if not _begins_value(token):
        _fail(f"expected a value for {parameter.name}, found {token}", token)
    value: Value
    if token.text == "[":
        value = _matrix(reader, operation, parameter)
    elif token.kind == "word":
        value = {"true": True, "false": False}.get(token.text, token.text)
    else:
        value = _number(token)
    try:
        return parameter.accept(value)
    except ValueError as error:
        _fail(f"{operation.name}: {error}", token)


def _matrix(reader: _Reader, operation: Operation | Word, parameter: Parameter) -> Matrix:
    """Read on behind ``[``: numbers in rows, up to ``]``."""
    rows: list[tuple[float, ...]] = []
    while True:
        start = reader.tokens[reader.index]
        rows.append(tuple(_row(reader, operation, parameter)))
        if len(rows[-1]) != len(rows[0]):
            _fail(f"a row of {len(rows[-1])} below one of {len(rows[0])}: all rows are of one length", start)
        if reader.skip("]"):
            return tuple(rows)
        if not reader.skip(";"):
            token = reader.next()
            _fail(f"expected ',', ';' or ']', found {token}", token)


def _row(reader: _Reader, operation: Operation | Word, parameter: Parameter) -> Iterator[float]:
    while True:
        token = reader.next()
        if token.kind != "number":
            _fail(f"expected a number, found {token}", token)
        try:
            yield parameter.number(_number(token)) if parameter.type == "matrix" else float(token.text)
        except ValueError as error:
            _fail(f"{operation.name}: {error}", token)
        if not reader.skip(","):
            return


def _number(token: Token) -> int | float:
    return int(token.text) if token.text.lstrip("+-").isdigit() else float(token.text)


def _nearest(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'canny'?``, or what there is."""
    known = sorted(names)
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    known = [each for each in known if each not in {PAGE.name, OUTPUT.name}]
    return f"; there are {', '.join(known)}" if known else ""


def _fail(reason: str, token: Token) -> NoReturn:
    raise PipelineError(f"{reason} (at character {token.position + 1})", position=token.position)
