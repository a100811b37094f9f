"""``GET /api/preview``: whether the preview is there."""

from fastapi import APIRouter
from pydantic import BaseModel

from preview.cost import MOST_PIXELS


class Offer(BaseModel):
    """What the preview takes: a region of at most ``most_pixels``."""

    most_pixels: int


def routes() -> APIRouter:
    """``GET /api/preview``."""
    router = APIRouter(tags=["preview"])

    @router.get("/api/preview", summary="Tell what a preview takes")
    def offer() -> Offer:
        """Tell how large a region may be; the master tells 0 where there is no preview."""
        return Offer(most_pixels=MOST_PIXELS)

    return router
