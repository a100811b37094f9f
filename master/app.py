"""The master as an ASGI application, made by a function from its settings and the services it joins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from master import (
    api_docs,
    batches,
    downloads,
    failures,
    fleet,
    health,
    images,
    jobs,
    multipart,
    operations,
    orders,
    presets,
    preview,
    problems,
    reports,
    result_text,
    sign_in,
    tiles,
    uploads,
)
from master.gate import Gate
from master.orders import check_unasked
from master.page import Page
from master.rates import Rates
from master.stores import StoreOrigins
from tilework.jobs.bucket_presets import BucketPresets
from tilework.jobs.preset_file import shipped_presets
from tilework.jobs.presets import Presets

if TYPE_CHECKING:
    from collections.abc import Callable

    from master.settings import MasterSettings
    from master.waker import Waker
    from tilework.jobs.system import System

COMPRESSED_BYTES = 1000
"""Answers from this size on are compressed: smaller ones fit a packet anyhow."""

COMPRESSION = 6
"""zlib's own choice; 9 takes twice the time for one per cent."""

DESCRIPTION = (
    "Drop images into a bucket, get exactly OpenCV's pixels back. Everything that the page does, it does through "
    "this API. Times are seconds since the epoch, UTC. Errors are RFC 9457 problem details."
)


def create_app(
    settings: MasterSettings,
    system: System,
    clock: Callable[[], float] = time.time,
    *,
    waker: Waker | None = None,
) -> FastAPI:
    """Make the application; it keeps no state of its own. ``clock`` gives seconds since the epoch.

    ``waker`` is of the fleet that works on what is uploaded, where there is one.
    """
    app = FastAPI(
        title="Tilework",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        # FastAPI's own pages load their scripts from another site
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(check_unasked), Depends(Rates(settings, system.table, clock).check)],
    )
    listing = jobs.Listing(system, settings, clock)
    known = BucketPresets(system.inputs, Presets.shipped(shipped_presets()), clock)
    seen_whole = batches.Batches(system, clock)
    report = fleet.FleetReport(system, clock, waker)
    page = Page(settings, system, listing, clock, batches=seen_whole, fleet=report)
    app.include_router(uploads.routes(settings, system, clock, waker))
    app.include_router(multipart.routes(settings, system, clock, waker))
    app.include_router(images.routes(system, clock))
    app.include_router(orders.routes(system, listing, settings, clock))
    app.include_router(failures.routes(system, clock))
    app.include_router(preview.routes(settings.preview_url))
    app.include_router(jobs.routes(listing))
    app.include_router(batches.routes(seen_whole))
    app.include_router(downloads.routes(system, listing, settings))
    app.include_router(tiles.routes(system, listing, clock))
    app.include_router(result_text.routes(system, listing))
    app.include_router(reports.routes(system, listing, clock))
    app.include_router(fleet.routes(report))
    app.include_router(operations.routes(settings.default_pipeline, known))
    app.include_router(presets.routes(known, page.static))
    app.include_router(sign_in.routes(settings))
    app.include_router(health.routes(system))
    app.include_router(api_docs.routes(app, page))
    app.include_router(page.routes())
    page.mount_static(app)
    problems.install(app, page.problem)
    # no secret is guessed from a compressed length (BREACH): what a stranger's page makes a browser ask bears no token
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_BYTES, compresslevel=COMPRESSION)
    app.add_middleware(Gate, settings=settings, stores=StoreOrigins(system))
    return app
