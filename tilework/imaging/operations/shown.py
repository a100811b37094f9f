"""The pixels of pictures among the arguments of an operation that names some: they come when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tilework.errors import PictureError
from tilework.imaging.operations.parameters import Value

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments


class NamedPicture(Protocol):
    """The address of a picture that a pipeline names: small, picklable, hashable."""

    @property
    def bytes(self) -> int:
        """Memory that it takes, decoded."""
        ...

    def load(self) -> tuple[Image, Image | None]:
        """Return colour and alpha, the same each time, decoded at most once in a process.

        Raises :class:`~tilework.errors.PictureError`.
        """
        ...


def of_picture(parameter: str, part: Literal["colour", "alpha"]) -> str:
    """The argument that holds the pixels of the picture which ``parameter`` names.

    ``colour`` (height, width) or (height, width, 3), ``alpha`` (height, width) where it has one, both uint8 or uint16; whole,
    and for reading only.
    """
    return f"{parameter}.{part}"


@dataclass(frozen=True, slots=True, eq=False)
class ShownArguments(Mapping[str, Value]):
    """``given`` arguments, and beside them, not among their names, what ``pictures`` hold by parameter.

    So a step is as small as its text wherever it is sent, and nobody but the operation asks for pixels.
    """

    given: Arguments
    pictures: Mapping[str, NamedPicture] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Raises PictureError for the pixels of one that was not shown."""
        if name in self.given:
            return self.given[name]
        parameter, _, part = name.partition(".")
        if not part or parameter not in self.given:
            raise KeyError(name)
        picture = self.pictures.get(parameter)
        if picture is None:
            raise PictureError(
                f"The pipeline names the picture {self.given[parameter]!r}, and no pictures are known here."
            )
        colour, alpha = picture.load()
        found = colour if part == "colour" else alpha
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)
