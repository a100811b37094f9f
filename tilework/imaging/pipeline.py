"""The pipeline language: ``blur(9) | canny(100, 200)`` to :class:`Pipeline` and back.

    pipeline  = [ page "|" ] step { "|" step } [ "|" output ]
    page      = "page" "(" number ")"
    output    = "output" "(" word ")"
    step      = name [ "(" [ argument { "," argument } ] ")" ]
    argument  = [ name "=" ] value
    value     = number | "true" | "false" | word | matrix
    matrix    = "[" row { ";" row } "]"
    row       = number { "," number }

A word of an output that is a report (``json``, ``csv``) stands behind an operation that reports. White space means nothing. Positional arguments come before named ones. The *canonical* text writes one pipeline in
one way only: parameters in their order, defaults left out, names only after a gap. It parses back to itself, and two
pipelines are equal exactly if their canonical texts are.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from tilework.errors import PipelineError, UnsupportedPixelsError
from tilework.imaging import grammar
from tilework.imaging.operations import MeasuredOperation, Site, registry
from tilework.imaging.operations.parameters import MOST_NAME_CHARACTERS, write
from tilework.imaging.operations.shown import ShownArguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tilework.imaging.operations import Arguments, Operation, Pixels, Value
    from tilework.imaging.operations.contract import Arrays, Place
    from tilework.imaging.operations.shown import NamedPicture
    from tilework.imaging.windows import Size, Window

MAX_CANONICAL_CHARACTERS = 400
"""A canonical text travels in object metadata (S3: 2 KB for all of it), messages and rows, beside other things."""

MAX_SLUG_CHARACTERS = 48
"""A slug is one part of a file name, and file names end at 255 bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation with all its arguments, defaults filled in, and the pictures that it was shown, if it names some."""

    operation: Operation
    arguments: Arguments

    def __post_init__(self) -> None:
        if self.picture_names and not isinstance(self.arguments, ShownArguments):
            object.__setattr__(self, "arguments", ShownArguments(self.arguments))

    @property
    def pictures(self) -> Mapping[str, NamedPicture]:
        """Those that it was shown, by the parameters that name them; no part of its text."""
        return self.arguments.pictures if isinstance(self.arguments, ShownArguments) else {}

    @property
    def picture_names(self) -> Mapping[str, str]:
        """The names of the pictures that it lays on the image, by the parameters that name them."""
        parameters = self.operation.parameters
        return {each.name: str(self.arguments[each.name]) for each in parameters if each.type == "picture"}

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

    def measures(self, pixels: Pixels) -> bool:
        """Whether its result, from such pixels, needs something to be known of all of them."""
        return isinstance(self.operation, MeasuredOperation) and self.operation.measures(pixels)

    def knowing(self, known: Arrays) -> Step:
        """Return the step with what it measured of the whole image, which is no part of its text."""
        return self._with({**self.arguments, **cast("Arguments", known)}, self.pictures)

    def seeing(self, pictures: Mapping[str, NamedPicture]) -> Step:
        """Return the step with those of ``pictures``, by their own names, that it names."""
        found = {each: pictures[name] for each, name in self.picture_names.items() if name in pictures}
        return self._with(self.arguments, found) if found else self

    def _with(self, arguments: Arguments, pictures: Mapping[str, NamedPicture]) -> Step:
        return Step(self.operation, ShownArguments(dict(arguments), pictures) if pictures else arguments)

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
        """A short form for file names, of small letters, digits and hyphens; a cut one ends with 8 hex digits.

        So does one of a pipeline with a matrix, whose signs and rows it does not show.
        """
        slug = re.sub(r"[^a-z0-9]+", "-", self.canonical.lower()).strip("-")
        if len(slug) <= MAX_SLUG_CHARACTERS and "[" not in self.canonical:
            return slug
        digest = hashlib.sha256(self.canonical.encode()).hexdigest()[:8]
        return f"{slug[: MAX_SLUG_CHARACTERS - 9].rstrip('-')}-{digest}"

    @property
    def makes_mask(self) -> bool:
        """Whether the result is a mask, or made from one, and so never stored in a lossy format."""
        return any(step.operation.masks(step.arguments) for step in self.steps)

    @property
    def is_lossless(self) -> bool:
        """Whether the result tells something by each value (a mask, labels, a drawing) and shows no colours of the image.

        Such a result is never stored in a lossy format, and has no colour profile.
        """
        return self.makes_mask or any(
            step.operation.makes_labels or step.operation.report_formats for step in self.steps
        )

    @property
    def is_report(self) -> bool:
        """Whether the result is no image, but what the last operation reports."""
        return self.output in grammar.REPORTS

    @property
    def is_archive(self) -> bool:
        """Whether the result is an archive of tiles for viewers, which ``output`` then names the scheme of."""
        return self.output in grammar.ARCHIVES

    @property
    def ends_in_labels(self) -> bool:
        """Whether a mean of two of the result's values would mean nothing."""
        return bool(self.steps) and self.steps[-1].operation.makes_labels

    @property
    def ends_in_mask(self) -> bool:
        """Whether the result is black and white, and nothing was done to it since."""
        return bool(self.steps) and self.steps[-1].operation.masks(self.steps[-1].arguments)

    @property
    def place(self) -> Place:
        """Whether the result's pixels are where the image's are, as far apart, or neither."""
        places: set[Place] = {step.operation.place for step in self.steps}
        return "scaled" if "scaled" in places else "moved" if "moved" in places else "kept"

    @property
    def exact(self) -> bool:
        """Whether tiles have the very pixels of the whole image."""
        return all(step.operation.exact for step in self.steps)

    @property
    def picture_names(self) -> tuple[str, ...]:
        """The names of the pictures that its steps ask for, each once, in their order."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.picture_names.values()))

    @property
    def picture_bytes(self) -> int:
        """Memory that the pictures which it was shown take, each once."""
        return sum({each: each.bytes for step in self.steps for each in step.pictures.values()}.values())

    def seeing(self, pictures: Mapping[str, NamedPicture]) -> Pipeline:
        """Return it with its steps shown ``pictures``, by name, as far as they ask for them."""
        return replace(self, steps=tuple(step.seeing(pictures) for step in self.steps))

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

    def measured(self, pixels: Pixels) -> tuple[int, ...]:
        """The steps whose whole input is measured, in their order: those that must know it, and the one that reports."""
        reporting = len(self.steps) - 1 if self.is_report else None
        steps = zip(self.steps, self.kinds(pixels), strict=False)
        return tuple(
            index for index, (step, kind) in enumerate(steps) if index == reporting or step.measures(kind)
        )

    def up_to(self, end: int) -> Pipeline:
        """The first ``end`` steps alone."""
        return Pipeline(self.steps[:end], self.page)

    def after(self, begin: int) -> Pipeline:
        """The steps from ``begin`` on alone."""
        return Pipeline(self.steps[begin:], output=self.output)

    def sites(self, output: Window, size: Size, pixels: Pixels) -> tuple[Site, ...]:
        """Where each step works for ``output`` of the result, first step first: windows backwards through the chain.

        Each source window is widened to its operation's alignment, and ends at the true edge. The pixels to read
        are those of ``sites(...)[0].source``.
        """
        return self.sites_between(output, self.sizes(size), self.kinds(pixels))

    def sites_between(
        self, output: Window, sizes: Sequence[Size], kinds: Sequence[Pixels]
    ) -> tuple[Site, ...]:
        """:meth:`sites` for who knows :meth:`sizes` and :meth:`kinds`: they are the same for all windows."""
        sites: list[Site] = []
        for index in range(len(self.steps) - 1, -1, -1):
            site = self._site(index, output, sizes, kinds)
            sites.append(site)
            output = site.source
        sites.reverse()
        return tuple(sites)

    def site(self, index: int, output: Window, size: Size, pixels: Pixels) -> Site:
        """Where step ``index`` works for ``output`` of its own result; ``size`` and ``pixels`` are the first input's."""
        return self._site(index, output, self.sizes(size), self.kinds(pixels))

    def _site(self, index: int, output: Window, sizes: Sequence[Size], kinds: Sequence[Pixels]) -> Site:
        step = self.steps[index]
        source = step.operation.source_window(output, sizes[index], step.arguments)
        source = source.on_grid(step.operation.alignment(kinds[index]), sizes[index])
        return Site(source, sizes[index], output, sizes[index + 1])

    def measured_site(self, index: int, window: Window, size: Size, pixels: Pixels) -> Site:
        """Where step ``index`` measures ``window`` of its own input; ``size`` and ``pixels`` are the first input's."""
        whole, kind = self.sizes(size)[index], self.kinds(pixels)[index]
        step = self.steps[index]
        operation = cast("MeasuredOperation", step.operation)
        source = operation.measured_window(window, whole, step.arguments)
        return Site(source.on_grid(operation.alignment(kind), whole), whole, window, whole)


def parse(text: str) -> Pipeline:
    """Read a pipeline; raises :class:`~tilework.errors.PipelineError`, which points at the character."""
    reading = grammar.read(text)
    steps = tuple(
        Step(operation, _complete(operation, given, position)) for operation, given, position in reading.steps
    )
    pipeline = Pipeline(steps, reading.page, reading.output)
    _check_report(pipeline, reading.output_at)
    if len(pipeline.canonical) > MAX_CANONICAL_CHARACTERS:
        raise PipelineError(
            f"the pipeline has {len(pipeline.canonical)} characters in canonical form; "
            f"{MAX_CANONICAL_CHARACTERS} are allowed",
            position=0,
            advice="Use fewer operations, and shorter numbers: a kernel of whole numbers with a divisor is the shortest.",
        )
    return pipeline


def is_picture_name(name: str) -> bool:
    """Whether a pipeline can name a picture so: by a word of the language that means nothing else."""
    word = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    return word is not None and name not in {"true", "false"} and len(name) <= MOST_NAME_CHARACTERS


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
    pipeline = replace(pipeline, page=number, output=wanted)
    _check_report(pipeline, None)
    return pipeline


def _check_report(pipeline: Pipeline, position: int | None) -> None:
    """Raise PipelineError for a report of what reports nothing, or for a table of what has none; told where it stands."""
    if not pipeline.is_report:
        return
    last = pipeline.steps[-1].operation if pipeline.steps else None
    if last is not None and pipeline.output in last.report_formats:
        return
    named = "no operation" if last is None else last.name
    what = f"{named} reports no rows" if pipeline.output == "csv" else f"{named} reports nothing"
    able = ", ".join(name for name, each in registry().items() if pipeline.output in each.report_formats)
    where = "" if position is None else f" (at character {position + 1})"
    raise PipelineError(
        f"{what} for output({pipeline.output}){where}",
        position=position,
        advice=f"Put it behind an operation that does ({able}), or ask for an image: png, jpeg, tiff or webp.",
    )


def _beside(word: grammar.Word, value: Value) -> Any:
    """The value of a word that stands beside a pipeline and not in it."""
    try:
        return word.parameters[0].accept(value)
    except ValueError as error:
        raise PipelineError(
            f"{word.name}={value} beside the pipeline makes no sense: {error}",
            advice=f"Name a page by its number, from 0, and an output as one of {', '.join(grammar.OUTPUTS)}.",
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
            f"{operation.name} takes {' or '.join(operation.dtypes)} pixels, and these are {pixels.dtype}.",
            advice=_depth_advice(operation, pixels),
        )
    if pixels.channels not in operation.channels:
        channels = " or ".join(map(str, operation.channels))
        plural = "" if channels == "1" else "s"
        raise UnsupportedPixelsError(
            f"{operation.name} takes {channels} colour channel{plural}, and this image has {pixels.channels}.",
            advice=f"Make it grey first: grayscale | {operation.name}(...)."
            if channels == "1"
            else f"{operation.name} is for colours: leave it out for grey images.",
        )


def _depth_advice(operation: Operation, pixels: Pixels) -> str:
    """A conversion that helps, where there is one."""
    convert = registry().get("convert")
    depth = next((each for each in ("uint8", "uint16") if each in operation.dtypes), "")
    if convert is None or pixels.dtype not in convert.dtypes or not depth:
        return "Choose another operation: none converts such pixels to what this one takes."
    return f"Convert it first: convert({depth}) | {operation.name}(...)."
