"""A deployment as the command line knows it, through the API: what it cannot do so is refused with a sentence."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from tilework.api.batches import ApiBatches
from tilework.api.failures import NotThereError, NotThroughApiError
from tilework.errors import VersionGoneError
from tilework.jobs.history import Deed, Entry, Outcome
from tilework.jobs.job import Job, State
from tilework.jobs.object_keys import SUBMITTED
from tilework.jobs.orders import is_wanted
from tilework.jobs.stores import ObjectInfo, ObjectVersion
from tilework.jobs.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tilework.api.http import Api
    from tilework.jobs.batches import BatchNotes
    from tilework.jobs.cursor import Cursor
    from tilework.jobs.job import Ask
    from tilework.jobs.orders import Rerun
    from tilework.jobs.queues import Queue
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.table import JobTable

PAGE: Final = 1000
"""Jobs in one answer: the API's most."""

EARLY_SECONDS: Final = 60.0
"""Before its end, at which a signed address is asked for anew."""

_FIELDS: Final = frozenset(field.name for field in fields(Job))


class _Narrow:
    """Of an interface only what the API offers; all else is refused where it is asked for."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise NotThroughApiError("This needs AWS credentials: the API does not offer it.")

        return refuse


class ApiTable(_Narrow):
    """Rows as the API tells them; it remembers where their results can be loaded."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.links: dict[str, tuple[str, str, float]] = {}

    def get(self, job_id: str) -> Job | None:
        """One row, with its history."""
        try:
            told = self._api.get(f"/api/jobs/{job_id}")
        except NotThereError:
            return None
        links = told["links"]
        if links["result"]:
            self.links[told["result_key"]] = (job_id, links["result"], time.monotonic() + links["expires"])
        return job_of(told)

    def list(
        self,
        state: State | None = None,
        limit: int | None = None,
        *,
        batch: str = "",
        before: Cursor | None = None,
    ) -> Iterator[Job]:
        """Rows, page by page."""
        place, left = str(before) if before else "", limit
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            told = self._api.get("/api/jobs", state=state, batch=batch, before=place, limit=page)
            yield from map(job_of, told["jobs"])
            left = None if left is None else left - len(told["jobs"])
            place = told["next"]
            if not place:
                return

    def of_id(self, digits: str) -> Iterator[Job]:
        """Rows whose ids begin so."""
        yield from map(job_of, self._api.search("/api/jobs", digits=digits)["jobs"])


class ApiInputs(_Narrow):
    """The input bucket: what lies there, and uploads by signed forms."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._bucket = ""

    @property
    def bucket(self) -> str:
        """Its name."""
        self._bucket = self._bucket or str(self._api.get("/api/images", prefix=".tilework/")["bucket"])
        return self._bucket

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> str:
        """Upload a new version; its owner is whoever is signed in."""
        if not key.startswith(SUBMITTED):
            raise NotThroughApiError(f"The API takes new objects under {SUBMITTED} only.")
        form = self._api.post(
            "/api/uploads",
            {
                "filename": key.rpartition("/")[2] or "unnamed",
                "key": key,
                "pipeline": metadata.get("pipeline"),
                "batch": metadata.get("batch", ""),
                "size": len(body),
                "content_type": content_type,
            },
        )
        self._bucket = form["bucket"]
        return self._api.upload(form["url"], form["fields"], body)

    def versions(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectVersion]:
        """All versions, page by page."""
        while True:
            told = self._api.get("/api/images", prefix=prefix, after=after)
            self._bucket = told["bucket"]
            yield from (ObjectVersion(**each) for each in told["versions"])
            after = told["after"]
            if not after:
                return


class ApiOutputs(_Narrow):
    """The output bucket: results of jobs whose rows were read before, by their signed addresses."""

    def __init__(self, api: Api, table: ApiTable) -> None:
        self._api = api
        self._table = table

    def head(self, key: str, version: str | None = None) -> ObjectInfo:
        """Its size; all else is not told."""
        _, size = self._api.download(self._address(key), 0, 1)
        return ObjectInfo(key, version or "", size, 0.0, "", {})

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:  # noqa: ARG002 - the interface's
        """Bytes [start, stop); a result has one version only."""
        return self._api.download(self._address(key), start, stop)[0]

    def _address(self, key: str) -> str:
        job, address, end = self._table.links.get(key, ("", "", 0.0))
        if job and time.monotonic() > end - EARLY_SECONDS:
            self._table.get(job)
            job, address, _ = self._table.links.get(key, ("", "", 0.0))
        if not job:
            raise VersionGoneError(f"There is no result {key!r} any more.")
        return address


class ApiOrders:
    """Orders, carried out by the master."""

    def __init__(self, api: Api, table: ApiTable) -> None:
        self._api = api
        self._table = table

    def retry(self, job: Job) -> Job:
        """Queue a job anew. Raises WrongStateError."""
        return job_of(self._api.post(f"/api/jobs/{job.id}/retry", {}))

    def cancel(self, job: Job) -> Job:
        """Call a job off. Raises WrongStateError."""
        return job_of(self._api.post(f"/api/jobs/{job.id}/cancel", {}))

    def cancel_unheard(self, ask: Ask) -> Job:
        """Call off what nobody has taken up yet, which the API cannot."""
        raise NotThroughApiError(
            f"No worker has taken {ask.job_id} up yet, and the API calls off only what is known."
        )

    def rerun(self, wanted: Rerun) -> tuple[Job, bool]:
        """Ask for another job of an image: its row, and whether anything was queued."""
        body = {name: getattr(wanted, name) for name in ("key", "pipeline", "version", "revision", "batch")}
        told = self._api.post("/api/jobs", body)
        return job_of(told["job"]), bool(told["queued"])

    def failed(self, *, code: str = "", batch: str = "") -> Iterator[Job]:
        """The FAILED jobs to try again; without a code those are left out that can never succeed."""
        rows = self._table.list(State.FAILED, batch=batch)
        return (row for row in rows if row.key and is_wanted(row, code))


@dataclass(frozen=True, slots=True)
class ApiSystem(System):
    """The system, and the orders that its rows cannot be given here."""

    orders: ApiOrders


def join_api(api: Api) -> ApiSystem:
    """The system behind an API."""
    table, nothing = ApiTable(api), cast("Queue", _Narrow())
    return ApiSystem(
        inputs=cast("ObjectStore", ApiInputs(api)),
        outputs=cast("ObjectStore", ApiOutputs(api, table)),
        table=cast("JobTable", table),
        jobs=nothing,
        units=nothing,
        results=nothing,
        dead_letters=nothing,
        batches=cast("BatchNotes", ApiBatches(api)),
        orders=ApiOrders(api, table),
    )


def job_of(told: Mapping[str, Any]) -> Job:
    """The row that an answer tells; what is the workers' own business in it is left as nothing."""
    known = {name: value for name, value in told.items() if name in _FIELDS}
    history = tuple(_entry(each) for each in told.get("history", ()))
    return Job(**{"bucket": "", **known, "state": State(told["state"]), "history": history})


def _entry(told: Mapping[str, Any]) -> Entry:
    outcome = Outcome(told["outcome"]) if told["outcome"] else None
    return Entry(**{**told, "deed": Deed(told["deed"]), "outcome": outcome})
