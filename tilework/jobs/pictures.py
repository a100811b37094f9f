"""The pictures of a deployment, which pipelines name: objects of its input bucket, one a name.

A job's first claim freezes which versions they were, in its row: all ranks and hosts read those, however often the
picture is replaced meanwhile, and the result's metadata tell them.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import PictureError, UnreadableMessageError, VersionGoneError
from tilework.jobs.bucket_presets import CLOCKS_APART, LOOK_LIFE_SECONDS
from tilework.jobs.object_keys import PICTURES, picture_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tilework.jobs.stores import ObjectStore


@dataclass(frozen=True, slots=True)
class PictureVersion:
    """The version of a picture's object, and its bytes."""

    version: str
    size: int


def pictures_text(versions: Mapping[str, PictureVersion]) -> str:
    """As a row and a task hold them, by name; nothing where there are none."""
    told = {name: [each.version, each.size] for name, each in sorted(versions.items())}
    return json.dumps(told, separators=(",", ":")) if told else ""


def pictures_of(text: str) -> dict[str, PictureVersion]:
    """The inverse. Raises UnreadableMessageError."""
    try:
        told = json.loads(text) if text else {}
        return {name: PictureVersion(str(version), int(size)) for name, (version, size) in told.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise UnreadableMessageError(f"The job's pictures cannot be read: {error!r:.200}.") from error


class BucketPictures:
    """Looks up the pictures of the input bucket. Thread-safe.

    ``clock`` gives seconds since the epoch. A look at one costs a HEAD.
    """

    def __init__(self, inputs: ObjectStore, clock: Callable[[], float]) -> None:
        self._inputs = inputs
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, PictureVersion]] = {}

    def of_drop(self, names: Iterable[str], dropped: float) -> str:
        """The versions of ``names`` for an image dropped at ``dropped`` (seconds since the epoch), as :func:`pictures_text`.

        They are never older than the image: whoever puts a picture in place, then drops an image, gets that picture.
        Raises PictureError where there is none of a name; ServiceError, AccessDeniedError.
        """
        with self._lock:
            return pictures_text({name: self._look(name, dropped) for name in names})

    def _look(self, name: str, dropped: float) -> PictureVersion:
        now = self._clock()
        looked, found = self._found.get(name, (0.0, None))
        if found is not None and dropped + CLOCKS_APART <= looked and now < looked + LOOK_LIFE_SECONDS:
            return found
        self._found = {
            each: known for each, known in self._found.items() if now < known[0] + LOOK_LIFE_SECONDS
        }
        try:
            info = self._inputs.head(picture_key(name))
        except VersionGoneError:
            raise PictureError(
                f"The pipeline names the picture {name!r}, and there is no object {PICTURES}{name} in the input bucket."
            ) from None
        version = PictureVersion(info.version, info.size)
        self._found[name] = now, version
        return version
