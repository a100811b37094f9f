"""The page: rendered here, so that it can be read without JavaScript; made alive by plain modules."""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context
from markupsafe import Markup, escape
from pydantic import BaseModel, BeforeValidator, Field
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from master import choices
from master.batches import Batches
from master.failures import BLANK_BATCH, BLANK_GROUP, failures_of
from master.fleet import FleetReport
from master.fleet_page import FleetPage
from master.jobs import JobView, Listing, Wanted
from master.modules import reached, said
from master.operations import catalogue, pipeline_view
from master.ownership import check_operator
from master.plain_pictures import plain_picture
from master.problems import PAGES
from master.reports import statistics_of
from master.settings import MasterSettings
from master.sign_in import sign_in_view
from master.stores import StoreOrigins
from master.words import Words, languages
from tilework import __version__
from tilework.imaging.formats.table import ROWS
from tilework.jobs import cursor
from tilework.jobs.job import State
from tilework.jobs.statistics import MOST_DAYS
from tilework.jobs.system import System
from tilework.remedies import may_succeed, remedies
from tilework.service.conditional import ASK_AGAIN, YEAR_SECONDS
from tilework.service.identity import Asking
from tilework.service.problems import Problem
from tilework.shown import bytes_shown, shown
from tilework.sign_in import CALLBACK, SIGNED_OUT

HERE = Path(__file__).parent
STATIC = HERE / "static"

ROWS_RENDERED = 20
"""Of the list, for whoever has no JavaScript; older ones are a link away, and a row takes two kilobytes."""

ENTRIES = {"/": "home.js", "/failures": "failures.js", "/fleet": "fleet.js"}
"""The module of each page beside a job's, ``job.js``; others have none."""

EVERYWHERE = ("theme.js", "shell.js")
"""Modules that any page may have."""

BLANK = JobView(
    id="", name="", key="", version="", pipeline="", state=State.QUEUED, code="", reason="", advice="", result_key="",
    attempts=0, losses=0, seconds=0, owner="", batch="", created=0, started=0, updated=0, ended=0, source_bytes=0,
    width=0, height=0, dtype="", note="", host="",
)  # fmt: skip
"""What the list's modules fill in for a job that they did not know."""


_none_if_blank = BeforeValidator(lambda text: text or None)
_in_capitals = BeforeValidator(lambda text: text.upper())


class Filters(BaseModel):
    """What the address of the first page says of the list in it."""

    state: Annotated[State | None, _none_if_blank, _in_capitals] = None
    batch: str = Field(default="", max_length=64)
    code: str = Field(default="", max_length=64)
    search: str = Field(default="", max_length=200)
    since: str = Field(default="", max_length=100)
    before: str = Field(default="", max_length=100)
    view: Annotated[Literal["table", "grid"] | None, _none_if_blank] = None


class Page:
    """Templates and static files, which are below the address ``static``. ``clock`` gives seconds since the epoch."""

    def __init__(
        self,
        settings: MasterSettings,
        system: System,
        listing: Listing,
        clock: Callable[[], float],
        *,
        batches: Batches,
        fleet: FleetReport,
    ) -> None:
        self._settings = settings
        self._stores = StoreOrigins(system)
        self._batches = batches
        self._system = system
        self._listing = listing
        self._clock = clock
        self._fleet = fleet
        self._sign_in = told.model_dump_json() if (told := sign_in_view(settings)) else ""
        self.static = f"/static/{_digest(STATIC)}"
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            extensions=[Flush],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "modules": cache(partial(reached, STATIC)),
            "sentences": _sentences_of_modules,
            "plain_picture": plain_picture,
        }
        self._templates.filters |= {
            "shown": shown,
            "at_most": at_most,
            "moment": _moment,
            "iso": _iso,
            "ago": _ago_by(clock),
            "as_local": _as_local,
            "bytes": _bytes,
            "translated": _translated,
            "marked": marked,
        }

    def render(self, request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """One template as a page, in the reader's language; where the address chooses one, the way to it."""
        if (chosen := choices.taken(request)) is not None:
            return chosen
        path = request.url.path.removeprefix(PAGES)
        words = Words(choices.language_of(request))
        body = self._templates.get_template(name).render(
            static=self.static,
            path=path,
            states=list(State),
            sign_in=self._sign_in,
            with_session=request.url.path.startswith(f"{PAGES}/"),
            words=words,
            t=words.say,
            n=words.number,
            theme=choices.theme_of(request),
            themes=choices.THEMES,
            languages=languages(),
            choose=partial(choices.links, request, path),
            version=__version__,
            **context,
        )
        # a page tells what is true now, and holds signed links
        headers = {"Cache-Control": ASK_AGAIN, "Vary": choices.VARY}
        return HTMLResponse(body, status, headers=headers | {"Content-Language": words.language})

    def problem(self, request: Request, problem: Problem) -> Response:
        """An error for a person who navigated to it."""
        return self.render(request, "problem.html", status=problem.status, problem=problem)

    def mount_static(self, app: FastAPI) -> None:
        """Serve the static files under an address that changes with their content."""
        app.mount(self.static, _Immutable(directory=STATIC), name="static")

    def routes(self) -> APIRouter:
        """``GET /``, ``/jobs/{id}``, ``/failures``, ``/fleet`` and ``/statistics``; where people sign in, shells of them.

        A navigation bears no token. So there the addresses give a page without data, whose module gets a token, and
        with it the page itself, from the same address under ``PAGES``.
        """
        router = APIRouter(include_in_schema=False)
        pages: dict[str, Callable[..., Any]] = {
            "/": self.home,
            "/jobs/{job_id}": self.job,
            "/failures": self.failures,
            "/fleet": self.fleet,
            "/statistics": self.statistics,
        }
        for path, page in pages.items():
            place = f"{PAGES}{path}" if self._sign_in else path
            router.add_api_route(place, page, response_class=HTMLResponse)
        if self._sign_in:
            shells = dict.fromkeys(pages, "page") | {CALLBACK: "signed-in", SIGNED_OUT: "signed-out"}
            for path, shell in shells.items():
                router.add_api_route(path, self._shell(shell), response_class=HTMLResponse)
        return router

    def _shell(self, shell: str) -> Callable[[Request], HTMLResponse]:
        def show(request: Request) -> HTMLResponse:
            return self.render(request, "shell.html", shell=shell)

        return show

    def home(self, request: Request, who: Asking, filters: Annotated[Filters, Query()]) -> HTMLResponse:
        """Where images are dropped, and the list of jobs."""
        language = choices.language_of(request)
        jobs = self._listing.list(
            Wanted(
                filters.state,
                filters.batch,
                ROWS_RENDERED,
                before=filters.before,
                code=filters.code,
                search=filters.search,
                since=filters.since,
                who=who,
            )
        )
        codes = sorted({job.code for job in jobs.jobs if job.code and job.state is State.FAILED})
        return self.render(
            request,
            "home.html",
            jobs=jobs,
            filters=filters.model_dump(),
            state=filters.state,
            batch=filters.batch,
            whole=self._batches.view(filters.batch, who) if filters.batch else None,
            recent=self._batches.recent(who.owner).batches,
            previews=self._settings.has_previews,
            codes=codes,
            retriable=list(filter(may_succeed, codes)),
            # where none is, why not
            hint="another_pipeline" if any(map(remedies, codes)) else "none",
            blank=BLANK,
            bucket=self._listing.input_bucket,
            endpoint=self._stores.endpoint,
            operations=catalogue(self._settings.default_pipeline, language).address,
            pipeline=pipeline_view(self._settings.default_pipeline, language),
            upload_limit=self._settings.upload_limit_bytes,
            formats=[row.name for row in ROWS],
        )

    def job(self, request: Request, job_id: str, who: Asking) -> HTMLResponse:
        """One job, its input and its result side by side."""
        return self.render(
            request,
            "job.html",
            job=self._listing.detail(job_id, who),
            previews=self._settings.has_previews,
        )

    def failures(
        self,
        request: Request,
        who: Asking,
        batch: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> HTMLResponse:
        """What failed, by its reason."""
        told = failures_of(self._system, who, batch, before)
        return self.render(
            request,
            "failures.html",
            told=told,
            batch=batch,
            before=before,
            blank=BLANK_GROUP,
            blank_batch=BLANK_BATCH,
        )

    def fleet(self, request: Request, who: Asking) -> HTMLResponse:
        """Hosts, ranks, what waits, what it costs."""
        words = Words(choices.language_of(request))
        told = FleetPage(self._fleet.view(who), words, lambda at: ago(words.say, self._clock() - at))
        return self.render(request, "fleet.html", **told.context())

    def statistics(
        self, request: Request, who: Asking, days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 7
    ) -> HTMLResponse:
        """What ended, a day and a pipeline; where people sign in, for operators only."""
        check_operator(who)
        told = statistics_of(self._system, self._clock(), days)
        return self.render(request, "statistics.html", days=told.days, count=days)


class Flush(Extension):
    """Takes the indentation out of templates: it is for those who write them, and a twentieth of the first page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """A template without it; line breaks stay, so that the space between two words does."""
        return _INDENTATION.sub("", super().preprocess(source, name, filename))


_INDENTATION: Final = re.compile("^[ \t]+", re.MULTILINE)


class _Immutable(StaticFiles):
    """Static files that a browser need never ask for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        return response


def ago(say: Callable[..., str], seconds: float) -> str:
    """How long ago, roughly: ``now``, ``12 s ago``, ``3 min ago``, ``5 h ago``, ``2 d ago``, as ``say`` has it."""
    if seconds < 2:  # noqa: PLR2004
        return say("time.now")
    for unit, size, most in (("seconds", 1, 60), ("minutes", 60, 3600), ("hours", 3600, 86_400)):
        if seconds < most:
            return say(f"time.{unit}_ago", count=seconds // size)
    return say("time.days_ago", count=seconds // 86_400)


def _ago_by(clock: Callable[[], float]) -> Callable[[Context, float], str]:
    @pass_context
    def told(context: Context, seconds: float) -> str:
        return ago(context["t"], clock() - seconds) if seconds else ""

    return told


@pass_context
def _bytes(context: Context, count: int) -> str:
    return bytes_shown(count, context["n"])


@pass_context
def _translated(context: Context, sentence: str) -> str:
    words: Words = context["words"]
    return words.translated(sentence)


def marked(sentence: str) -> Markup:
    """A sentence of our own with what it has in backticks as code; whatever else is in it is only text."""
    parts = _CODE.split(shown(sentence))
    written = (
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
    return Markup("").join(written)


_CODE: Final = re.compile("`([^`]+)`")


def at_most(count: int) -> str:
    """A limit in bytes as a person reads it, rounded down so that it is never too high: ``500 MB``, ``5.3 GB``."""
    if count < 1_000_000:  # noqa: PLR2004
        return f"{count} bytes"
    return f"{count // 1_000_000} MB" if count < 1_000_000_000 else f"{count // 100_000_000 / 10} GB"  # noqa: PLR2004


def _as_local(text: str) -> str:
    """A place in the list as an ``<input type=datetime-local>`` takes its time; empty for none."""
    return datetime.fromtimestamp(cursor.parse(text).updated).strftime("%Y-%m-%dT%H:%M") if text else ""  # noqa: DTZ006 - as it is read


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _moment(seconds: float) -> str:
    """A time as date and time, UTC, since the server does not know where the reader is."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if seconds else ""


def _sentences_of_modules(path: str, language: str) -> Mapping[str, Any]:
    """The sentences that modules of the page at ``path`` may say: each page carries its own along."""
    return _sentences_of("job.js" if path.startswith("/jobs/") else ENTRIES.get(path, ""), language)


@cache
def _sentences_of(entry: str, language: str) -> Mapping[str, Any]:
    found = [said(STATIC, each) for each in (*EVERYWHERE, entry) if each]
    names = frozenset[str]().union(*(names for names, _ in found))
    return Words(language).named(names, tuple({each for _, beginnings in found for each in beginnings}))


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(each for each in directory.rglob("*") if each.is_file()):
        digest.update(file.relative_to(directory).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
