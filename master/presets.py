"""The presets of this deployment: folders that name the pipeline of what is dropped there."""

import logging

from fastapi import APIRouter
from pydantic import BaseModel

from tilework.errors import TileworkError
from tilework.jobs.bucket_presets import BucketPresets
from tilework.jobs.object_keys import DROPS
from tilework.jobs.presets import Presets

log = logging.getLogger(__name__)


class PresetView(BaseModel):
    """A preset: what is dropped under ``folder`` goes through ``pipeline``.

    ``shipped`` with Tilework, or else the bucket's own; ``fault`` says why nothing can go through it.
    """

    name: str
    folder: str
    pipeline: str
    shipped: bool
    fault: str


class PresetList(BaseModel):
    """All presets; ``fault`` says why there may be more that could not be read."""

    presets: list[PresetView]
    fault: str


def preset_list(presets: Presets) -> PresetList:
    """``presets`` as the API tells them."""
    views = [
        PresetView(
            name=each.name,
            folder=f"{DROPS}{each.name}/",
            pipeline=each.text,
            shipped=each.shipped,
            fault=each.fault,
        )
        for each in presets.by_name.values()
    ]
    return PresetList(presets=views, fault=presets.fault)


def preset_list_of_page(presets: BucketPresets) -> PresetList:
    """As :func:`preset_list`, but the page is there without them, too."""
    try:
        return preset_list(presets.latest())
    except TileworkError as error:
        log.warning("The presets could not be read: %s", error.reason)
        return PresetList(presets=[], fault=error.reason)


def routes(presets: BucketPresets) -> APIRouter:
    """``GET /api/presets``."""
    router = APIRouter(tags=["operations"])

    @router.get("/api/presets", summary="List the presets")
    def listed() -> PresetList:
        """List the pipelines that have a folder: those of the bucket's ``.tilework/presets.toml``, then the shipped."""
        return preset_list(presets.latest())

    return router
