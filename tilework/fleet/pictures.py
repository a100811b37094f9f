"""The pictures that jobs name, as a rank holds them: read once, by their versions, and decoded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from tilework.errors import PictureError, VersionGoneError
from tilework.imaging.pictures import HeldPicture, check_stored, read_picture, show
from tilework.jobs.object_keys import picture_key
from tilework.jobs.pictures import pictures_of

if TYPE_CHECKING:
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.jobs.pictures import PictureVersion
    from tilework.jobs.stores import ObjectStore


KEPT_BYTES = 8 * 2**20
"""Of pictures that the next pipelines may name again: a few logos, and little beside what a rank may need."""


class Gallery:
    """Shows pipelines their pictures. One a process, or a guarded child's own; for one thread."""

    def __init__(self, inputs: ObjectStore, limits: Limits) -> None:
        self._inputs = inputs
        self._limits = limits
        self._held: OrderedDict[tuple[str, str], HeldPicture] = OrderedDict()

    def show(self, pipeline: Pipeline, pictures: str) -> Pipeline:
        """Show a pipeline the ``pictures`` that its job's row froze (:func:`~tilework.jobs.pictures.pictures_text`).

        Raises PictureError for one that cannot be used or is gone, ServiceError.
        """
        frozen = pictures_of(pictures)

        def find(name: str) -> HeldPicture:
            if name not in frozen:
                raise PictureError(
                    f"The pipeline names the picture {name!r}, and its job began without one.",
                    advice="Ask for the image anew by a rerun.",
                )
            return self._find(name, frozen[name])

        shown = show(pipeline, find, self._limits)
        self._forget(max(KEPT_BYTES, shown.picture_bytes))
        return shown

    def _find(self, name: str, frozen: PictureVersion) -> HeldPicture:
        key = (name, frozen.version)
        held = self._held.pop(key, None) or self._read(name, frozen)
        self._held[key] = held
        return held

    def _read(self, name: str, frozen: PictureVersion) -> HeldPicture:
        check_stored(name, frozen.size, self._limits)
        try:
            data = self._inputs.read(picture_key(name), frozen.version, 0, frozen.size)
        except VersionGoneError as error:
            raise PictureError(
                f"The version of the picture {name!r} that the job began with is gone.",
                advice="Ask for the image anew: a rerun takes the picture as it is now.",
            ) from error
        return HeldPicture(read_picture(name, data, self._limits))

    def _forget(self, room: int) -> None:
        """Keep those that were asked for last, as far as there is room for them."""
        while sum(each.bytes for each in self._held.values()) > room:
            self._held.popitem(last=False)
