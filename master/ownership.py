"""Whose an image is, and what only operators may: where people sign in, nobody sees or changes what is another's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from tilework.errors import RefusedError, VersionGoneError
from tilework.service.problems import Problem, ProblemError
from tilework.sign_in import may_see

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.jobs.stores import ObjectStore, ObjectVersion
    from tilework.jobs.system import System
    from tilework.sign_in import Who

LOOKS_AT_ONCE = 16

NOT_AN_OPERATOR = Problem(
    HTTPStatus.FORBIDDEN,
    "operators_only",
    "For operators only",
    "This tells or changes what is everybody's, and you are not in this deployment's group of operators.",
    "Ask whoever runs the deployment; docs/security.md tells who sees what.",
)

KEY_TAKEN = Problem(
    HTTPStatus.CONFLICT,
    "key_taken",
    "Key taken",
    "There is somebody else's image under this key.",
    "Choose another key.",
)


@dataclass(frozen=True, slots=True)
class Image:
    """A version of an image, by what its metadata say."""

    version: str
    owner: str


def check_operator(who: Who) -> None:
    """Raise ProblemError where ``who`` may not see all."""
    if not who.sees_all:
        raise ProblemError(NOT_AN_OPERATOR)


def own_version(inputs: ObjectStore, key: str, version: str | None, who: Who) -> str | None:
    """The version that ``key`` stands for, which is the latest where ``version`` names none.

    Raises VersionGoneError where it is another's, as if it were not there. Who sees all is not asked for.
    """
    if who.sees_all:
        return version
    image = _image(inputs, key, version)
    if image is None or not may_see(image, who):
        raise VersionGoneError(f"There is no version {version or '(latest)'} of {key!r}.")
    return image.version


def check_free(inputs: ObjectStore, key: str, who: Who) -> None:
    """Raise ProblemError where another's image has this key: a new version would stand before it."""
    if who.sees_all:
        return
    there = _image(inputs, key, None)
    if there is not None and not may_see(there, who):
        raise ProblemError(KEY_TAKEN)


def check_all_own(system: System, key: str, who: Who) -> None:
    """Raise VersionGoneError unless every version and every job of ``key`` is their own."""
    if who.sees_all:
        return
    versions = [version for version in system.inputs.versions(key) if version.key == key]
    rows = list(system.table.of_key(key))
    if len(own(system.inputs, versions, who)) < len(versions) or not all(may_see(row, who) for row in rows):
        raise VersionGoneError(f"There is nothing of an image {key!r}: no version, no result, no job.")


def own(inputs: ObjectStore, versions: Sequence[ObjectVersion], who: Who) -> list[ObjectVersion]:
    """Those of ``versions`` that ``who`` may see; each is looked at, since a listing tells no metadata."""
    if who.sees_all or not versions:
        return list(versions)
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        images = list(pool.map(lambda each: _image(inputs, each.key, each.version), versions))
    return [
        version
        for version, image in zip(versions, images, strict=True)
        if image is not None and may_see(image, who)
    ]


def _image(inputs: ObjectStore, key: str, version: str | None) -> Image | None:
    """What the store knows of it; None where it is not there (any more), or must not be looked at."""
    try:
        info = inputs.head(key, version)
    except (VersionGoneError, RefusedError):
        return None
    return Image(info.version, info.metadata.get("owner", ""))
