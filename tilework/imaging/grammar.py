"""Reading the pipeline language: characters to operations with typed arguments, each error at its character."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from tilework.errors import PipelineError
from tilework.imaging.operations import registry, usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tilework.imaging.operations import Operation, Parameter, Value

MAX_TEXT_CHARACTERS = 4_000
"""Twice what S3 takes as metadata; longer texts are refused before they are looked at."""

TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>[|(),=])",
    re.ASCII,
)


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


def read_steps(text: str) -> list[tuple[Operation, dict[str, Value], int]]:
    """Return for each step its operation, the arguments given, and the offset of its name.

    Raises :class:`~tilework.errors.PipelineError` with the offset of the fault.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        raise PipelineError(f"the pipeline has {len(text)} characters; that is too long", position=0)
    reader = _Reader(list(_tokens(text)))
    if reader.tokens[0].kind == "end":
        raise PipelineError("the pipeline is empty", position=0)
    while True:
        name = reader.next()
        operation = _operation(name)
        reader.steps.append((operation, _arguments(reader, operation), name.position))
        token = reader.next()
        if token.kind == "end":
            return reader.steps
        if token.text != "|":
            _fail(f"expected '|' between operations, found {token}", token)


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
        _fail(f"there is no operation {name}{_nearest(name.text, registry())}", name)
    return operation


def _arguments(reader: _Reader, operation: Operation) -> dict[str, Value]:
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
        given[parameter.name] = _value(operation, parameter, token)
        if reader.skip(")"):
            return given
        if not reader.skip(","):
            token = reader.next()
            _fail(f"expected ',' or ')', found {token}", token)


def _named(operation: Operation, name: Token) -> Parameter:
    parameters = {parameter.name: parameter for parameter in operation.parameters}
    if name.text not in parameters:
        _fail(f"{operation.name} has no parameter {name}{_nearest(name.text, parameters)}", name)
    return parameters[name.text]


def _positional(operation: Operation, index: int, token: Token) -> Parameter:
    if token.kind not in {"number", "word"}:
        _fail(f"expected a value, found {token}", token)
    if index >= len(operation.parameters):
        _fail(f"too many arguments for {usage(operation)}", token)
    return operation.parameters[index]


def _value(operation: Operation, parameter: Parameter, token: Token) -> Value:
    if token.kind not in {"number", "word"}:
        _fail(f"expected a value for {parameter.name}, found {token}", token)
    value: Value
    if token.kind == "word":
        value = {"true": True, "false": False}.get(token.text, token.text)
    else:
        value = int(token.text) if token.text.lstrip("+-").isdigit() else float(token.text)
    try:
        return parameter.accept(value)
    except ValueError as error:
        _fail(f"{operation.name}: {error}", token)


def _nearest(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'canny'?``, or what there is."""
    known = sorted(names)
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(known)}" if known else ""


def _fail(reason: str, token: Token) -> NoReturn:
    raise PipelineError(f"{reason} (at character {token.position + 1})", position=token.position)
