"""The page in a real Chromium: the application under uvicorn, its buckets in the embedded AWS."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from playwright.sync_api import expect, sync_playwright

from master.app import create_app
from master.settings import MasterSettings
from preview.app import create_app as create_preview
from preview.settings import PreviewSettings
from tests.browser import chromium
from tests.conftest import REGION
from tests.serving import serving
from tilework.aws.connect import connect
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.transitions import Claimant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

UPLOAD_LIMIT_BYTES = 1_000_000

# against hanging only: the machine of the tests may be busy
expect.set_options(timeout=40_000)


# a module, not a session: two Playwrights at once, or asyncio after one, do not go together
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all these tests, with a new profile below pytest's own directory."""
    path = chromium.find()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium, and in CI the page is always tested.")
        pytest.skip("There is no Chromium: `make test` installs one where it may.")
    with pytest.MonkeyPatch.context() as patch:
        # where Playwright makes the profile
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("chromium")))
        with sync_playwright() as playwright:
            launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
            yield launched
            launched.close()


@dataclass
class Served:
    """The application as it is served, and the system behind it."""

    system: System
    settings: MasterSettings
    port: int = 0
    _serving: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        app = create_app(self.settings, self.system)
        self.port = self._serving.enter_context(serving(app, self.port, patience=1))

    def stop(self) -> None:
        self._serving.close()

    # --- what a worker would do to the table -----------------------------------------------------------------------

    @property
    def life(self) -> JobLife:
        return JobLife(self.system.table, time.time)

    def claim(self, key: str, *, version: str = "", pipeline: str = "blur(9)", batch: str = "") -> Job:
        bucket = self.system.inputs.bucket
        ask = Ask(Drop(bucket, key, version or "v"), batch=batch)
        claim = self.life.claim(ask, pipeline=pipeline, source_bytes=1, claimant=Claimant("host-1", "m", 60))
        assert claim.refusal is None
        return claim.job

    def rows(self) -> list[Job]:
        """Every row of the table that has not ended."""
        return [*self.system.table.list(State.QUEUED), *self.system.table.list(State.RUNNING)]

    def claim_dropped(self, name: str) -> Job:
        """Claim what a browser has just uploaded under ``name``."""
        end = time.monotonic() + 30
        while True:
            found = [each for each in self.system.inputs.list("uploads/") if each.key.endswith(f"/{name}")]
            if found:
                break
            assert time.monotonic() < end, f"{name} did not reach the bucket"
            time.sleep(0.05)
        told = self.system.inputs.head(found[0].key, found[0].version).metadata
        return self.claim(
            found[0].key, version=found[0].version, pipeline=told["pipeline"], batch=told.get("batch", "")
        )


@contextmanager
def previewing(served: Served) -> Iterator[Served]:
    """The served system with its preview, on a port of its own."""
    with serving(create_preview(PreviewSettings(), served.system), patience=1) as port:
        served.stop()
        served.settings = replace(served.settings, preview_url=f"http://127.0.0.1:{port}")
        served.start()
        yield served


@pytest.fixture
def upload_limit_bytes() -> int:
    """What the page takes; a module may have its own."""
    return UPLOAD_LIMIT_BYTES


@pytest.fixture
def served(
    embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment], upload_limit_bytes: int
) -> Iterator[Served]:
    deployment = deploy(embedded_aws.endpoint_url)
    allow_uploads_of_the_page(embedded_aws.endpoint_url, deployment.input_bucket)
    allow_downloads_of_the_page(embedded_aws.endpoint_url, deployment.output_bucket)
    served = Served(connect(deployment), MasterSettings(upload_limit_bytes=upload_limit_bytes))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def previewed(served: Served) -> Iterator[Served]:
    """The application with a preview beside it."""
    with previewing(served):
        yield served


@pytest.fixture
def viewing() -> Iterator[Served]:
    """The application on a system in memory, with a preview of it."""
    served = Served(memory_system(time.time), MasterSettings())
    served.start()
    with previewing(served):
        yield served
    served.stop()


def allow_uploads_of_the_page(endpoint: str, bucket: str) -> None:
    """The rule that the stack gives its input bucket."""
    rule = {"AllowedMethods": ["POST", "PUT"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
    s3 = boto3.session.Session(region_name=REGION).client("s3", endpoint_url=endpoint)
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})


def allow_downloads_of_the_page(endpoint: str, bucket: str) -> None:
    """The rule that the stack gives its output bucket."""
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
    s3 = boto3.session.Session(region_name=REGION).client("s3", endpoint_url=endpoint)
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})


@dataclass
class Window:
    """Makes pages of a context, and notes what goes wrong in them."""

    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def open(self, url: str) -> Page:
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        return page

    def allow(self, *parts: str) -> None:
        """Let console errors pass that contain one of ``parts``: the browser logs each failed request."""
        self.allowed = parts

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)


@pytest.fixture
def window_of(browser: Browser) -> Iterator[Callable[..., Window]]:
    """Makes windows with settings of their own; none of them may log an error that the test did not expect."""
    windows: list[Window] = []

    def make(**settings: Any) -> Window:
        context = browser.new_context(**settings)
        context.set_default_timeout(40_000)
        windows.append(Window(context))
        return windows[-1]

    yield make
    for window in windows:
        window.context.close()
        unexpected = [error for error in window.errors if not any(part in error for part in window.allowed)]
        assert unexpected == []


@pytest.fixture
def window(window_of: Callable[..., Window]) -> Window:
    return window_of(viewport={"width": 1280, "height": 900})
