"""Jobs as the API tells them: page by page, and one job with its story and links to its images."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel

from master.copies import Copy, copies, shows_tiles
from master.problems import no_such_job
from master.search import LOOKED_AT, Found, Search
from master.settings import MasterSettings
from master.translated import translated
from tilework.errors import PipelineError
from tilework.imaging.pipeline import parse
from tilework.imaging.result_kinds import ResultKind, kind_of
from tilework.jobs import cursor
from tilework.jobs.history import Deed, Outcome
from tilework.jobs.job import Job, State
from tilework.jobs.staged import progress
from tilework.jobs.stores import ObjectStore
from tilework.jobs.story import Kind, remedies_of, story
from tilework.jobs.system import System
from tilework.remedies import Remedy
from tilework.service.conditional import tagged
from tilework.service.identity import Asking
from tilework.shown import shown
from tilework.sign_in import Who, may_see

LIST_LIMIT = 100
LONGEST_LIST = 1000

NAME_CHARACTERS = 80

IDS_AT_ONCE = 50
"""As many as a window shows; an address with so many is still short enough everywhere."""


def _few(ids: str) -> str:
    if ids.count(",") >= IDS_AT_ONCE:
        raise ValueError(f"at most {IDS_AT_ONCE} ids")
    return ids


Ids = Annotated[
    str, Query(pattern="^([0-9A-Za-z_-]+(,[0-9A-Za-z_-]+)*)?$", max_length=2000), AfterValidator(_few)
]
"""Jobs' ids with commas between them."""

READS_AT_ONCE = 16


class Progress(BaseModel):
    """Units done of all units, for an image that is worked on in stages; ``seconds_left`` is an estimate, or null."""

    done: int
    total: int
    seconds_left: float | None


class JobView(BaseModel):
    """A row of the job table. Times in seconds since the epoch (0: never), ``seconds`` of work, sizes in pixels.

    ``name`` is the last part of the key as it can be shown anywhere; ``advice`` says what to do about a failure, and
    ``remedies`` which orders could ever help, the likeliest first; ``host`` is the worker that has it, or had it last.
    """

    id: str
    name: str
    key: str
    version: str
    pipeline: str
    state: State
    code: str
    reason: str
    advice: str
    result_key: str
    attempts: int
    losses: int
    seconds: float
    owner: str
    batch: str
    created: float
    started: float
    updated: float
    ended: float
    source_bytes: int
    width: int
    height: int
    dtype: str
    note: str
    host: str = ""
    progress: Progress | None = None
    remedies: list[Remedy] = []


class StoryLine(BaseModel):
    """What happened ``at`` a time (seconds since the epoch), as a sentence, and as what it is made of.

    Of an attempt its ``number``, ``host``, ``rank`` (0: not known), ``outcome`` (empty: under way), and the ``seconds`` it
    took. ``reason`` says why, with its ``code`` where it is a failure.
    """

    at: float
    text: str
    kind: Kind
    number: int
    host: str
    rank: int
    outcome: str
    seconds: float
    code: str
    reason: str


class EntryView(BaseModel):
    """An attempt, or what the keeper or a user did. Times in seconds since the epoch; 0: not over, not known."""

    deed: Deed
    start: float
    end: float
    number: int
    host: str
    rank: int
    outcome: Outcome | None
    code: str
    reason: str


class Links(BaseModel):
    """Signed addresses that download an image as an attachment; null where there is none. ``expires`` in seconds."""

    input: str | None
    result: str | None
    expires: int


class JobDetail(JobView):
    """A job with its story, and links to its images; ``result_kind`` is null where there is no result.

    ``shows_tiles`` says that its picture can be asked for, ``copies`` are addresses and commands for other programs.
    """

    result_kind: ResultKind | None
    story: list[StoryLine]
    history: list[EntryView]
    links: Links
    shows_tiles: bool
    copies: list[Copy]


class JobList(BaseModel):
    """Jobs, the latest changed first; ``truncated`` where there may be more than these.

    Then ``next`` is the ``before`` of the next page; else it is empty. ``searched`` is how many jobs were looked at for these:
    where a search finds few, a page may have less than its limit, even none, and yet a ``next``.
    """

    jobs: list[JobView]
    truncated: bool
    next: str = ""
    searched: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs a list is about, and who asks: nobody is told of another's."""

    who: Who = field(kw_only=True)
    state: State | None = None
    batch: str = ""
    limit: int = LIST_LIMIT
    before: str = ""
    digits: str = ""
    code: str = ""
    search: str = ""
    since: str = ""
    ids: str = ""


class Listing:
    """What the API and the page tell of jobs."""

    def __init__(self, system: System, settings: MasterSettings, clock: Callable[[], float]) -> None:
        self._system = system
        self._settings = settings
        self._clock = clock

    @property
    def input_bucket(self) -> str:
        """Where images are dropped."""
        return self._system.inputs.bucket

    def list(self, wanted: Wanted) -> JobList:
        """Up to ``wanted.limit`` jobs. Raises CursorError."""
        found = self._found(wanted)
        return JobList(
            jobs=list(map(self.view, found.rows)),
            truncated=found.place is not None,
            next=str(found.place or ""),
            searched=found.searched,
        )

    def rows(self, wanted: Wanted) -> tuple[Sequence[Job], str]:
        """Their rows, and the ``before`` of the next page. Raises CursorError."""
        found = self._found(wanted)
        return found.rows, str(found.place or "")

    def _found(self, wanted: Wanted) -> Found:
        if wanted.digits or wanted.ids:
            few = tuple(self._of_id(wanted)) if wanted.digits else self._of_ids(wanted)
            return Found(few, len(few), None)
        before = cursor.place(wanted.before)
        since = cursor.parse(wanted.since).updated if wanted.since else 0.0
        search = Search(wanted.code, wanted.search)
        # one more tells whether there are more
        most = (LOOKED_AT if search.picks else wanted.limit) + 1
        rows = self._system.table.list(
            wanted.state, most, batch=wanted.batch, owner=wanted.who.only, before=before, since=since
        )
        return search.page(rows, wanted.limit)

    def _of_ids(self, wanted: Wanted) -> Sequence[Job]:
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            rows = pool.map(self._system.table.get, wanted.ids.split(","))
            return [row for row in rows if row and may_see(row, wanted.who)]

    def _of_id(self, wanted: Wanted) -> Iterator[Job]:
        rows = self._system.table.of_id(wanted.digits)
        return islice((row for row in rows if may_see(row, wanted.who)), wanted.limit)

    def detail(self, job_id: str, who: Who) -> JobDetail:
        """One job with its story and links. Raises ProblemError where there is none of that id for ``who``."""
        row = self.row(job_id, who)
        links = self._links(row)
        return JobDetail(
            **self.view(row).model_dump(),
            result_kind=kind_of(row.result_key) if row.result_key else None,
            story=told_story(row),
            history=history(row),
            links=links,
            shows_tiles=shows_tiles(row),
            copies=list(
                copies(
                    row,
                    self._system,
                    name=file_name(row),
                    result_name=result_name(row),
                    link=links.input or "",
                )
            ),
        )

    def row(self, job_id: str, who: Who) -> Job:
        """The row of a job. Raises ProblemError where there is none of that id, or it is another's."""
        row = self._system.table.get(job_id)
        if row is None or not may_see(row, who):
            raise no_such_job(job_id)
        return row

    def view(self, row: Job) -> JobView:
        """A row as it is told."""
        fields = {name: getattr(row, name) for name in JobView.model_fields if hasattr(row, name)}
        return JobView(
            **fields,
            name=display_name(row),
            host=host_of(row),
            progress=self._progress(row),
            remedies=list(remedies_of(row)),
        )

    def _progress(self, row: Job) -> Progress | None:
        reached = progress(row, self._clock())
        return None if reached is None else Progress(**asdict(reached))

    def _links(self, row: Job) -> Links:
        seconds = self._settings.presign_seconds
        source = result = None
        if row.key:
            source = self._link(self._system.inputs, row.key, row.version, file_name(row))
        if row.result_key:
            result = self._link(self._system.outputs, row.result_key, None, result_name(row))
        return Links(input=source, result=result, expires=seconds)

    def _link(self, store: ObjectStore, key: str, version: str | None, filename: str) -> str:
        return store.presigned_get(key, version, filename=filename, seconds=self._settings.presign_seconds)


def told_story(row: Job) -> list[StoryLine]:
    """What happened to a job, line by line."""
    return [StoryLine(**asdict(line)) for line in story(row)]


def history(row: Job) -> list[EntryView]:
    """What happened to a job, entry by entry."""
    return [EntryView(**asdict(entry)) for entry in row.history]


def host_of(row: Job) -> str:
    """The worker that has a job, or had it last; empty where none did."""
    return next((entry.host for entry in reversed(row.history) if entry.host), row.lease_owner)


def file_name(row: Job) -> str:
    """What the source is called without its folders."""
    return row.key.rstrip("/").rsplit("/", 1)[-1] or "unnamed"


def display_name(row: Job) -> str:
    """``file_name`` as it can be shown: what is invisible or turns the writing is spelled out."""
    return shown(file_name(row), most=NAME_CHARACTERS) if row.key else "(a message that nobody can read)"


def result_name(row: Job) -> str:
    """What a downloaded result is called: the source's name, what was done, and the result's suffix."""
    stem = file_name(row).rpartition(".")[0] or file_name(row)
    suffix = row.result_key.rpartition(".")[2]
    try:
        return f"{stem}-{parse(row.pipeline).slug}.{suffix}"
    except PipelineError:
        # an own operation that this master was not told of
        return f"{stem}-result.{suffix}"


def routes(listing: Listing) -> APIRouter:
    """``GET /api/jobs`` and ``GET /api/jobs/{id}``."""
    router = APIRouter(tags=["jobs"])
    media_type = "application/json"

    @router.get("/api/jobs", response_model=JobList, summary="List jobs")
    def jobs(
        *,
        request: Request,
        who: Asking,
        state: State | None = None,
        batch: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1, le=LONGEST_LIST)] = LIST_LIMIT,
        digits: Annotated[str, Query(pattern="^([0-9a-f]{4,32})?$")] = "",
        code: Annotated[str, Query(max_length=64)] = "",
        search: Annotated[str, Query(max_length=200)] = "",
        since: Annotated[str, Query(max_length=100)] = "",
        ids: Ids = "",
    ) -> Response:
        """List jobs of one state or all, of one batch or all, the latest changed first; poll it with If-None-Match.

        `before` is the `next` of the page before, or a time: seconds since the epoch, or ISO 8601; `since` is a time as
        well, and what was last changed before it is left out. `code` is that of a failure; `search` has words that must all
        be in the key or the pipeline, whatever their case. Both go through a bounded number of jobs a request: a page may then
        be short, or empty, and yet have a `next`, from which the search goes on.

        With `digits` it is the jobs whose ids begin with them, with `ids` those very jobs (up to fifty, commas between
        them), and nothing else is asked for.
        """
        wanted = Wanted(state, batch, limit, before, digits, code, search, since, ids, who=who)
        body = translated(request, listing.list(wanted).model_dump_json().encode())
        return tagged(request, body, media_type=media_type)

    @router.get("/api/jobs/{job_id}", response_model=JobDetail, summary="Tell one job")
    def job(job_id: str, request: Request, who: Asking) -> Response:
        """Tell everything about one job, with links to its images that are good for a while."""
        detail = listing.detail(job_id, who)
        row = translated(request, detail.model_dump_json(exclude={"links"}).encode())
        # the links are new each time: what decides whether something has changed is the row
        body = translated(request, detail.model_dump_json().encode())
        return tagged(request, body, tag_of=row, media_type=media_type)

    return router
