"""Random damage, in a child process: a decoder that crashes on it fails the test and not the whole run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tilework.errors import TileworkError
from tilework.guard.child import Bounds, run_guarded
from tilework.imaging.formats import decode, probe
from tilework.imaging.limits import GIB, Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

CODES = {
    "damaged",
    "empty",
    "not_an_image",
    "too_large",
    "unsupported_format",
    "unsupported_pixels",
}

BOUNDS = Bounds(cpu_seconds=60, wall_seconds=120, memory=2 * GIB)


def damaged(whole: bytes, head: int, count: int, seed: int = 0) -> Iterator[bytes]:
    """Variants of a file, with a few bytes changed, mostly in its head, and every other one cut as well."""
    generator = random.Random(seed)  # noqa: S311 -- no secret
    for number in range(count):
        changed = bytearray(whole)
        for _ in range(generator.randrange(1, 5)):
            changed[generator.randrange(generator.choice([min(head, len(whole)), len(whole)]))] = (
                generator.randrange(256)
            )
        yield bytes(changed[: generator.randrange(len(changed)) if number % 2 else None])


def outcome(data: bytes) -> str:
    """The code of the failure, or "" for a success, whose pixels are the announced ones."""
    try:
        header = probe(BytesSource(data), Limits())
        picture = decode(data, header).picture
        process(BytesSource(data), parse("invert"), Limits())
    except TileworkError as error:
        return error.code
    return "" if picture.size == header.size and picture.pixels == header.pixels else "another picture"


def outcomes(wholes: list[bytes], head: int, count: int) -> list[str]:
    return [outcome(data) for whole in wholes for data in damaged(whole, head, count)]


def check_random_damage(wholes: list[bytes], *, head: int, count: int = 60) -> None:
    """Each file damaged ``count`` times ends in a picture as announced, or in a reason."""
    found = run_guarded(outcomes, BOUNDS, wholes, head, count)
    assert set(found) <= {"", *CODES}
    assert "damaged" in found
