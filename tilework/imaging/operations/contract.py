"""What an operation is: the contract between the engine and everything that changes pixels.

An image is an array of shape (height, width) or (height, width, 3), colours in OpenCV's order blue, green, red. An
alpha channel never reaches :meth:`Operation.apply`: the engine keeps it apart and asks :meth:`Operation.carry` what
becomes of it.

The engine works backwards. For a wanted window of the result it asks the last operation which window of its input
that depends on (:meth:`Operation.source_window`), clamps it at the image's true edge, and goes on with the operation
before. Then it runs the chain forwards, and each operation returns exactly what the next one asked for. So OpenCV's
border rule meets the true edge and nowhere else, and a tile has the pixels that the whole image would have had.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

from tilework.imaging.windows import NO_MARGIN, Margin, Size, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from tilework.imaging.operations.parameters import Arguments, Parameter, Value

    Image: TypeAlias = np.ndarray[Any, np.dtype[np.integer[Any] | np.floating[Any]]]
    Arrays: TypeAlias = Mapping[str, np.ndarray[Any, Any]]

Place: TypeAlias = Literal["kept", "moved", "scaled"]
"""Where the pixels of a result are: each where it was; elsewhere, but as large and as far apart; or neither."""

ITEM_BYTES = {"uint8": 1, "uint16": 2, "int16": 2, "int32": 4, "float32": 4, "float64": 8}
"""Bytes of one sample by depth; the depths that the contract knows."""

ORDINARY_COST = 0.1
"""Seconds of one core for a million samples, where an operation does not say: most take a hundredth of it."""

NO_ALIGNMENT = Size(1, 1)
"""Whole-number arithmetic on bytes gives the same wherever a window begins."""

VECTOR_ALIGNMENT = Size(64, 8)
"""Columns and rows on which windows begin where OpenCV's arithmetic could depend on it.

Its vector loops and their scalar tails may round floats differently, or treat not-a-number differently, and its
morphology takes rows in pairs. Measured (docs/decisions): float32 Gaussians differ at alignment 1 and are equal from
8 columns on, not-a-number under erode and dilate from 8 columns and 2 rows on. 64 columns are a multiple of every
vector that OpenCV is built for.
"""


@dataclass(frozen=True, slots=True)
class Pixels:
    """What one pixel is: depth (a key of :data:`ITEM_BYTES`), colour channels (1 or 3), and alpha or not."""

    dtype: str
    channels: int
    alpha: bool = False

    @property
    def bytes(self) -> int:
        """Bytes of one pixel in memory."""
        return ITEM_BYTES[self.dtype] * (self.channels + self.alpha)


# no dataclass: a frozen one takes a microsecond to make, and each tile makes one a step
class Site(NamedTuple):
    """Where one operation works: it gets ``source`` of an image of ``source_size``, and is asked for ``output``.

    ``source`` is clamped to ``source_size``, ``output`` lies within ``output_size``.
    """

    source: Window
    source_size: Size
    output: Window
    output_size: Size

    @classmethod
    def of_whole(cls, size: Size, result: Size | None = None) -> Site:
        """All of an image, for all of its result; None: of the same size."""
        result = size if result is None else result
        return cls(Window.whole(size), size, Window.whole(result), result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One use of an operation: ``text`` in the pipeline language, and the Python expression that gives the same pixels.

    The expression reads ``image`` (height, width) or (height, width, 3), the pictures that the text names (as
    :mod:`~tilework.imaging.example_pictures` draws them), ``cv2`` and ``np``, and nothing else; it stands
    in the docs, and tests compute it on the whole image. It holds for ``dtypes``, or for all that the operation takes.
    ``title`` says what the example shows, where that is more than the operation's own summary.
    """

    text: str
    python: str
    title: str = ""
    dtypes: tuple[str, ...] = ()


class Operation(ABC):
    """One operation, without state: its arguments come with each call.

    ``dtypes`` and ``channels`` are what it takes; ``result`` says what it gives where that depends on the arguments, and
    ``values`` how it rounds and saturates and whether it is monotone. ``makes_mask`` says that its result is a mask,
    whatever the arguments, which is never stored in a lossy format: two values, of which 0 is one and mostly 255 the other.
    ``makes_labels`` says that each of its values is the number of something, so that a mean of two would be none.
    ``exact`` says that tiles have the very pixels of the whole image, and where they have not ``inexact`` says why, and by
    how much. ``scratch`` is the memory that OpenCV takes beside input and output, as a multiple of the input's bytes.
    ``alpha`` and ``nodata`` say what becomes of them, in a sentence each. ``place`` says whether the result may keep what
    the image tells of its place on the earth, and of its resolution.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    summary: ClassVar[str]
    formula: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    dtypes: ClassVar[tuple[str, ...]] = ("uint8", "uint16", "int16", "float32", "float64")
    channels: ClassVar[tuple[int, ...]] = (1, 3)
    result: ClassVar[str] = ""
    makes_mask: ClassVar[bool] = False
    makes_labels: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    inexact: ClassVar[str] = ""
    scratch: ClassVar[float] = 0.25
    values: ClassVar[str] = ""
    examples: ClassVar[tuple[Example, ...]] = ()
    alpha: ClassVar[str] = "Carried along unfiltered."
    nodata: ClassVar[str] = "A value like any other."
    place: ClassVar[Place] = "scaled"

    @property
    def report_formats(self) -> tuple[str, ...]:
        """The outputs that hold no image and can stand behind it."""
        return ()

    def check(self, arguments: Arguments) -> None:  # noqa: B027
        """Raise ValueError, with a sentence, for arguments that do not go together; each is within its own bounds."""

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Seconds that a million samples of its input, or of its result if that has more, take one core, from above.

        Deadlines are a multiple of it.
        """
        return ORDINARY_COST

    def in_parts(self, arguments: Arguments) -> bool:  # noqa: ARG002
        """Whether any small part of a result is made of a part of the image; else it is only worked on whole."""
        return True

    def masks(self, arguments: Arguments) -> bool:  # noqa: ARG002
        """Whether the result is a mask with these arguments; an operation for which they decide says so here."""
        return self.makes_mask

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """Depth, channels and alpha of the result for an accepted input; without alpha, the input's is dropped."""
        return Pixels("uint8", 1) if self.masks(arguments) else pixels

    def output_size(self, size: Size, arguments: Arguments) -> Size:  # noqa: ARG002
        """Size of the result for an input of ``size``."""
        return size

    def alignment(self, pixels: Pixels) -> Size:
        """The grid to which the engine widens source windows, so that the arithmetic cannot depend on the tiling."""
        return NO_ALIGNMENT if pixels.dtype == "uint8" else VECTOR_ALIGNMENT

    @abstractmethod
    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Which pixels of an input of ``size`` the pixels of ``output`` depend on; may reach beyond the image."""

    @abstractmethod
    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Return the pixels of ``site.output``; ``image`` holds those of ``site.source`` and is not changed."""

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:  # noqa: ARG002
        """Return the alpha of ``site.output``; ``alpha`` (height, width) holds that of ``site.source``."""
        return alpha[site.output.within(site.source)]


class LocalOperation(Operation):
    """An operation whose result depends on a neighbourhood of fixed size, and keeps the image's size.

    ``tabled`` says of one on single samples that its kernel looks them up in a table where they are whole numbers of 8 or
    16 bits. It then costs nothing more beside a neighbour: the engine makes one table of such steps in a row.
    """

    tabled: ClassVar[bool] = False

    def pointwise(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """Whether each sample of the result depends on the same sample of such an input, and on its channel, alone.

        Or on the same pixel, where one channel becomes three. The kernel then gives the same for any shape.
        """
        return False

    place: ClassVar[Place] = "kept"

    def margin(self, arguments: Arguments) -> Margin:  # noqa: ARG002
        """How far it reads around a pixel; nothing for an operation on single pixels."""
        return NO_MARGIN

    @abstractmethod
    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One OpenCV call on ``image``, as if it were whole; the result has its height and width."""

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return ``output`` and the margin around it."""
        return output.padded(self.margin(arguments))

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Run the kernel and cut off what only the margin was for."""
        result = self.kernel(image, arguments)
        return result if site.output is site.source else result[site.output.within(site.source)]


class WholeImageOperation(LocalOperation):
    """An operation whose every pixel may depend on every other, in an image that keeps its size.

    It states the truth about its window, the whole image, and so is exact in tiles too, at the cost of reading the
    whole for each. The engine plans such an image as one task.
    """

    def in_parts(self, arguments: Arguments) -> bool:  # noqa: ARG002
        """Each pixel may be made of all."""
        return False

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return the whole image."""
        return Window.whole(size)


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured of ``window`` of an image: its ``partial``."""

    window: Window
    partial: Arrays


NOTHING: Arrays = MappingProxyType({})
"""No arrays."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one window gave: its ``partial``, and what is kept of it.

    ``kept`` is for :meth:`MeasuredOperation.paint`, ``listed`` for :meth:`MeasuredOperation.rows`; only what the result
    is made from is stored.
    """

    partial: Arrays
    kept: Arrays = field(default_factory=lambda: NOTHING)
    listed: Arrays = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Reduced:
    """What parts give together: their ``partial``, and the ``joint`` that leads back to each of them."""

    partial: Arrays
    joint: Arrays


@dataclass(frozen=True, slots=True)
class Report:
    """A result that is no image: ``data`` by name, and ``rows`` of a table, if there is one.

    JSON holds both, CSV the rows alone; each row has all :attr:`MeasuredOperation.columns`. Values are those of JSON, or
    NumPy's numbers and arrays; a number that is not finite is written as none.
    """

    data: Mapping[str, object]
    rows: Sequence[Mapping[str, Value]] = ()


class MeasuredOperation(LocalOperation):
    """An operation that must know something of the whole image before it can work on any part of it.

    *Measure*: each window of a grid gives a partial. *Reduce*: partials of neighbouring windows, which together make a
    rectangle, become one, and so on up a tree whose top is the whole image; a partial holds sums and borders only, so
    that none grows with the area. *Settle*: the top's partial becomes what is known of the whole. *Descend*: what is
    known goes down the tree again, at each joint divided among the parts. *Write*: the kernel is told what is known of
    its window. All of it is named arrays, which travel between hosts as such.

    An operation with ``paints``, whose result has no alpha, keeps of each measured window what its result there is made
    from, and :meth:`paint` makes it without the image; one without is run on the image again, with what is known as
    arguments.

    One that ``reports`` can be the last of a pipeline with ``output(json)`` behind it: then the result is its
    :meth:`report` and not its picture, and nothing is written but that. ``columns`` name those of the report's rows, where
    it has some; then ``output(csv)`` gives these. Where there may be too many rows for a partial, the operation ``lists``:
    :meth:`rows` gives those of each measured window and of each joint, and :meth:`settle` beside what is known their
    number, as ``count``.
    """

    paints: ClassVar[bool] = False
    reports: ClassVar[bool] = False
    lists: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ()

    @property
    def report_formats(self) -> tuple[str, ...]:
        """JSON of what reports, CSV of what has rows."""
        return ("json", "csv")[: bool(self.reports) + bool(self.reports and self.columns)]

    def measured_window(self, window: Window, size: Size, arguments: Arguments) -> Window:
        """Which pixels of an input of ``size`` measuring its ``window`` depends on: as for its result there."""
        return self.source_window(window, size, arguments)

    def at_once(self, image: Image, arguments: Arguments) -> Image | None:  # noqa: ARG002
        """Return the result on a whole image by a library's own call, which measures it, too; None if there is no such.

        Of the very pixels that it has by parts, and quicker. Not asked where the operation becomes a table with others.
        """
        return None

    def measures(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """Whether it must know the whole of an image of such pixels; where not, its kernel does with the arguments alone.

        Its report is made of what is known, whatever this says.
        """
        return True

    @abstractmethod
    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        """Return what the pixels of ``site.output``, a window of the input, contribute; ``image`` holds ``site.source``."""

    @abstractmethod
    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        """Join at least one part, whose windows are the cells of a grid over a rectangle, in the order of its rows."""

    @abstractmethod
    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        """Return what is known of the whole image, from its partial."""

    def descend(self, known: Arrays, joint: Arrays) -> Sequence[Arrays] | Arrays:  # noqa: ARG002
        """Return what is known of each part of a joint in the parts' order, or the same for all of them."""
        return known

    def paint(self, kept: Arrays, known: Arrays, size: Size) -> Image:
        """Return the result on a measured window of ``size`` from what was kept and is known of it."""
        raise NotImplementedError

    def rows(self, held: Arrays, known: Arrays) -> Arrays:
        """Return rows as columns of one length, from a window's ``listed`` or a joint, and what is known of that."""
        raise NotImplementedError

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        """Return the report on an image of ``size`` and ``pixels``, from what is known of the whole of it.

        Of an operation that ``lists``, ``known`` holds beside that the columns of all :meth:`rows`, in any order.
        """
        raise NotImplementedError
