"""The preview as an ASGI application, made by a function from its settings and the services it reads from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import FastAPI

from preview import files, health, image_routes, problems, regions, thumbnails
from preview.gate import Gate
from preview.image_library import Library
from preview.memory import Memory
from preview.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable

    from preview.settings import PreviewSettings
    from tilework.jobs.system import System


MOST_KEPT = 64
"""Images and files, however small: each has a header and maybe a thread for what is read ahead."""


def create_app(settings: PreviewSettings, system: System, clock: Callable[[], float] = time.time) -> FastAPI:
    """Make the application; all that it keeps are images, in one memory, and thumbnails. ``clock`` gives seconds since the epoch."""
    app = FastAPI(title="Tilework's preview", version="1", openapi_url=None, docs_url=None, redoc_url=None)
    memory, workshop = Memory(settings.cache_bytes, MOST_KEPT), Workshop()
    library = Library(system, settings, memory)
    shower = regions.Shower(system, workshop, settings, clock)
    app.include_router(regions.routes(system, library, workshop, memory, shower))
    app.include_router(files.routes(shower, workshop, memory, settings))
    app.include_router(thumbnails.routes(system, library, workshop, settings))
    app.include_router(image_routes.routes(system, library, workshop, memory))
    app.include_router(health.routes(settings))
    problems.install(app)
    app.add_middleware(Gate, settings=settings)
    return app
