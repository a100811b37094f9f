"""Batches as the command line knows them through the API: noted and counted by the master."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tilework.api.failures import NotThereError
from tilework.jobs.batches import Batch, Standing
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tilework.api.http import Api


class ApiBatches:
    """Of the notes what the API offers; whose they are is up to who is signed in."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def note(self, batch: Batch) -> None:
        """Note a batch, or another size of it."""
        self._api.put(_path(batch.name), {"size": batch.size, "name": batch.title})

    def recent(self, limit: int | None = None) -> Iterator[Batch]:
        """The notes, the latest first, page by page."""
        return islice(self._pages(), limit)

    def _pages(self) -> Iterator[Batch]:
        before = ""
        while True:
            told = self._api.get("/api/batches", before=before)
            yield from map(_batch_of, told["batches"])
            before = told["next"]
            if not before:
                return

    def standing(self, name: str) -> Standing | None:
        """Where a batch stands, None where nothing is known of it."""
        try:
            told = self._api.get(_path(name))
        except NotThereError:
            return None
        states = {State(state): count for state, count in told["states"].items()}
        return Standing(
            name=told["batch"],
            title=told["name"],
            size=told["size"],
            created=told["created"],
            states=states,
            waiting=told["waiting"],
            seconds_left=told["seconds_left"],
        )


def _path(name: str) -> str:
    return f"/api/batches/{quote(name, safe='')}"


def _batch_of(told: Mapping[str, Any]) -> Batch:
    return Batch(told["batch"], "", told["size"], title=told["name"], created=told["created"])
