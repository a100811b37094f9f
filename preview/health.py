"""``GET /api/preview``: whether the preview is there."""

from fastapi import APIRouter
from pydantic import BaseModel

from preview.cost import MOST_PIXELS
from preview.settings import PreviewSettings


class Offer(BaseModel):
    """What the preview takes: a region of at most ``most_pixels``, a file that is sent of at most ``most_file_bytes``."""

    most_pixels: int
    most_file_bytes: int


def routes(settings: PreviewSettings) -> APIRouter:
    """``GET /api/preview``."""
    router = APIRouter(tags=["preview"])

    @router.get("/api/preview", summary="Tell what a preview takes")
    def offer() -> Offer:
        """Tell how large a region and a file may be; the master tells 0 where there is no preview."""
        return Offer(most_pixels=MOST_PIXELS, most_file_bytes=settings.file_bytes)

    return router
