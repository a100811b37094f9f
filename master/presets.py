"""The presets of this deployment: folders that name the pipeline of what is dropped there."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel

from tilework.jobs.bucket_presets import BucketPresets
from tilework.jobs.object_keys import DROPS
from tilework.jobs.presets import Presets

PICTURES = "builder/presets"
"""Where among the static files small pictures of the shipped presets are, before and after."""


class PresetView(BaseModel):
    """A preset: what is dropped under ``folder`` goes through ``pipeline``.

    ``shipped`` with Tilework, or else the bucket's own; ``fault`` says why nothing can go through it. ``picture`` is the
    address of a small picture of what a shipped one does, of 160 x 100 pixels, or empty.
    """

    name: str
    folder: str
    pipeline: str
    shipped: bool
    fault: str
    picture: str


class PresetList(BaseModel):
    """All presets; ``fault`` says why there may be more that could not be read."""

    presets: list[PresetView]
    fault: str


def preset_list(presets: Presets, pictures: AbstractSet[str], static: str) -> PresetList:
    """``presets`` as the API tells them; of some there are ``pictures``, by name, below the address ``static``."""
    views = [
        PresetView(
            name=each.name,
            folder=f"{DROPS}{each.name}/",
            pipeline=each.text,
            shipped=each.shipped,
            fault=each.fault,
            # a bucket's own of the same name does something else
            picture=f"{static}/{PICTURES}/{each.name}.webp" if each.shipped and each.name in pictures else "",
        )
        for each in presets.by_name.values()
    ]
    return PresetList(presets=views, fault=presets.fault)


def routes(presets: BucketPresets, static: str) -> APIRouter:
    """``GET /api/presets``; ``static`` is the address of the static files."""
    router = APIRouter(tags=["operations"])
    pictures = {path.stem for path in (Path(__file__).parent / "static" / PICTURES).glob("*.webp")}

    @router.get("/api/presets", summary="List the presets")
    def listed() -> PresetList:
        """List the pipelines that have a folder: those of the bucket's ``.tilework/presets.toml``, then the shipped."""
        return preset_list(presets.latest(), pictures, static)

    return router
