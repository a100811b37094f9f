"""The pipeline language: ``blur(9) | canny(100, 200)`` to :class:`Pipeline` and back.

    pipeline  = [ page "|" ] step { "|" step } [ "|" output ]
    page      = "page" "(" number ")"
    output    = "output" "(" word ")"
    step      = name [ "(" [ argument { "," argument } ] ")" ]
    argument  = [ name "=" ] value
    value     = number | "true" | "false" | word

White space means nothing. Positional arguments come before named ones. The *canonical* text writes one pipeline in
one way only: parameters in their order, defaults left out, names only after a gap. It parses back to itself, and two
pipelines are equal exactly if their canonical texts are.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from tilework.errors import PipelineError, UnsupportedPixelsError
from tilework.imaging import grammar
from tilework.imaging.operations import Site
from tilework.imaging.operations.parameters import write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tilework.imaging.operations import Arguments, Operation, Pixels, Value
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.windows import Size, Window

MAX_CANONICAL_CHARACTERS = 400
"""A canonical text travels in object metadata (S3: 2 KB for all of it), messages and rows, beside other things."""

MAX_SLUG_CHARACTERS = 48
"""A slug is one part of a file name, and file names end at 255 bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation with all its arguments, defaults filled in."""

    operation: Operation
    arguments: Arguments

    @property
    def canonical(self) -> str:
        """The step in the pipeline language, in its only form."""
        values: list[str] = []
        gap = False
        for parameter in self.operation.parameters:
            value = self.arguments[parameter.name]
            if not parameter.shown and value == default_of(self.operation, parameter.name, self.arguments):
                gap = True
            else:
                values.append(f"{parameter.name}={write(value)}" if gap else write(value))
        return f"{self.operation.name}({', '.join(values)})"

    def knowing(self, known: Arrays) -> Step:
        """Return the step with what it measured of the whole image, which is no part of its text."""
        return Step(self.operation, {**self.arguments, **cast("Arguments", known)})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.canonical == other.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Operations one after another. Picklable, equal by canonical text.

    ``page`` is the page that is read of a file with several, from 0; ``output`` the format that the result is wanted
    in (one of :data:`~tilework.imaging.grammar.OUTPUTS`). None of either leaves it to the image.
    """

    steps: tuple[Step, ...]
    page: int | None = None
    output: str | None = None

    @property
    def canonical(self) -> str:
        """The pipeline in its only form, such as ``blur(9) | canny(100, 200) | output(tiff)``."""
        first = [] if self.page is None else [f"page({self.page})"]
        last = [] if self.output is None else [f"output({self.output})"]
        return " | ".join([*first, *(step.canonical for step in self.steps), *last])

    @property
    def slug(self) -> str:
        """A short form for file names, of small letters, digits and hyphens; a cut one ends with 8 hex digits."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.canonical.lower()).strip("-")
        if len(slug) <= MAX_SLUG_CHARACTERS:
            return slug
        digest = hashlib.sha256(self.canonical.encode()).hexdigest()[:8]
        return f"{slug[: MAX_SLUG_CHARACTERS - 9].rstrip('-')}-{digest}"

    @property
    def makes_mask(self) -> bool:
        """Whether the result is a mask, or made from one, and so never stored in a lossy format."""
        return any(step.operation.makes_mask for step in self.steps)

    @property
    def is_archive(self) -> bool:
        """Whether the result is an archive of tiles for viewers, which ``output`` then names the scheme of."""
        return self.output in grammar.ARCHIVES

    @property
    def ends_in_mask(self) -> bool:
        """Whether the result is black and white, and nothing was done to it since."""
        return bool(self.steps) and self.steps[-1].operation.makes_mask

    @property
    def exact(self) -> bool:
        """Whether tiles have the very pixels of the whole image."""
        return all(step.operation.exact for step in self.steps)

    def __str__(self) -> str:
        return self.canonical

    def kinds(self, pixels: Pixels) -> tuple[Pixels, ...]:
        """What a pixel is before each step, and at the end.

        Raises :class:`~tilework.errors.UnsupportedPixelsError` for a step that does not take what comes to it.
        """
        kinds = [pixels]
        for step in self.steps:
            _check_kind(step.operation, kinds[-1])
            kinds.append(step.operation.output_pixels(kinds[-1], step.arguments))
        return tuple(kinds)

    def sizes(self, size: Size) -> tuple[Size, ...]:
        """The image's size before each step, and at the end."""
        sizes = [size]
        for step in self.steps:
            sizes.append(step.operation.output_size(sizes[-1], step.arguments))
        return tuple(sizes)

    def up_to(self, end: int) -> Pipeline:
        """The first ``end`` steps alone."""
        return Pipeline(self.steps[:end], self.page)

    def after(self, begin: int) -> Pipeline:
        """The steps from ``begin`` on alone."""
        return Pipeline(self.steps[begin:], output=self.output)

    def sites(self, output: Window, size: Size, pixels: Pixels) -> tuple[Site, ...]:
        """Where each step works for ``output`` of the result, first step first: windows backwards through the chain.

        Each source window is widened to its operation's alignment, then clamped at the true edge. The pixels to read
        are those of ``sites(...)[0].source``.
        """
        sites: list[Site] = []
        sizes, kinds = self.sizes(size), self.kinds(pixels)
        for index in reversed(range(len(self.steps))):
            sites.append(self._site(index, output, sizes, kinds))
            output = sites[-1].source
        return tuple(reversed(sites))

    def site(self, index: int, output: Window, size: Size, pixels: Pixels) -> Site:
        """Where step ``index`` works for ``output`` of its own result; ``size`` and ``pixels`` are the first input's."""
        return self._site(index, output, self.sizes(size), self.kinds(pixels))

    def _site(self, index: int, output: Window, sizes: Sequence[Size], kinds: Sequence[Pixels]) -> Site:
        step = self.steps[index]
        source = step.operation.source_window(output, sizes[index], step.arguments)
        source = source.aligned(step.operation.alignment(kinds[index])).clamped(sizes[index])
        return Site(source, sizes[index], output, sizes[index + 1])


def parse(text: str) -> Pipeline:
    """Read a pipeline; raises :class:`~tilework.errors.PipelineError`, which points at the character."""
    reading = grammar.read(text)
    steps = tuple(
        Step(operation, _complete(operation, given, position)) for operation, given, position in reading.steps
    )
    pipeline = Pipeline(steps, reading.page, reading.output)
    if len(pipeline.canonical) > MAX_CANONICAL_CHARACTERS:
        raise PipelineError(
            f"the pipeline has {len(pipeline.canonical)} characters in canonical form; "
            f"{MAX_CANONICAL_CHARACTERS} are allowed",
            position=0,
            advice="Use fewer operations.",
        )
    return pipeline


OTHER_NAMES = {"jpg": "jpeg", "tif": "tiff"}
"""What people write for the names of outputs."""


def framed(pipeline: Pipeline, *, page: str | None, output: str | None) -> Pipeline:
    """Return ``pipeline`` with the page and output that stand beside it, which overrule those within it.

    Raises :class:`~tilework.errors.PipelineError` for a page that is no number or an output that there is none of.
    """
    number, wanted = pipeline.page, pipeline.output
    if page is not None:
        number = int(_beside(grammar.PAGE, int(page) if page.strip().isdecimal() else page))
    if output:
        name = output.strip().lower()
        wanted = str(_beside(grammar.OUTPUT, OTHER_NAMES.get(name, name)))
    return replace(pipeline, page=number, output=wanted)


def _beside(word: grammar.Word, value: Value) -> Value:
    """The value of a word that stands beside a pipeline and not in it."""
    try:
        return word.parameters[0].accept(value)
    except ValueError as error:
        raise PipelineError(
            f"{word.name}={value} beside the pipeline makes no sense: {error}",
            advice="Name a page by its number, from 0, and an output as png, jpeg, tiff or webp.",
        ) from error


def default_of(operation: Operation, name: str, arguments: Mapping[str, Value]) -> Value | None:
    """What a parameter is if not given: its default, or the value of the parameter it follows, or None."""
    parameter = next(parameter for parameter in operation.parameters if parameter.name == name)
    if parameter.default_from is not None:
        return arguments.get(parameter.default_from)
    return None if parameter.default is None else parameter.accept(parameter.default)


def _complete(operation: Operation, given: Mapping[str, Value], position: int) -> Arguments:
    """Fill in the defaults; what is required and lacks, or does not go together, is told at the step's name."""
    arguments: dict[str, Value] = {}
    for parameter in operation.parameters:
        value = given.get(parameter.name)
        if value is None:
            value = default_of(operation, parameter.name, arguments)
        if value is None:
            raise PipelineError(
                f"{operation.name} needs {parameter.name} (at character {position + 1})", position=position
            )
        arguments[parameter.name] = value
    try:
        operation.check(arguments)
    except ValueError as error:
        raise PipelineError(
            f"{operation.name}: {error} (at character {position + 1})", position=position
        ) from error
    return arguments


def _check_kind(operation: Operation, pixels: Pixels) -> None:
    if pixels.dtype not in operation.dtypes:
        raise UnsupportedPixelsError(
            f"{operation.name} takes {' or '.join(operation.dtypes)} pixels, and these are {pixels.dtype}."
        )
    if pixels.channels not in operation.channels:
        channels = " or ".join(map(str, operation.channels))
        raise UnsupportedPixelsError(
            f"{operation.name} takes {channels} colour channel(s), and this image has {pixels.channels}."
        )
