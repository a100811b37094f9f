"""A region as it is answered: a PNG, and a header that tells what it shows."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from preview.on_screen import MEDIA_TYPE, levels_of, png, shown

if TYPE_CHECKING:
    from preview.on_screen import Levels
    from preview.region import Region
    from tilework.imaging.windows import Window

FACTS = "Tilework-Preview"
"""The header: a JSON object in ASCII."""


def answer(region: Region, levels: Levels | None, began: float) -> Response:
    """The answer to a request that came at ``began`` (``time.perf_counter``); ``levels`` None: the region's own."""
    levels = levels or levels_of(region.picture)
    body = png(shown(region.picture, levels))
    facts = {**_facts(region, levels), "seconds": round(time.perf_counter() - began, 4)}
    headers = {FACTS: json.dumps(facts, separators=(",", ":"), allow_nan=False), "Cache-Control": "no-store"}
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


def _facts(region: Region, levels: Levels | None) -> dict[str, object]:
    deep = region.picture.pixels.dtype != "uint8"
    return {
        "window": _told(region.window),
        "width": region.size.width,
        "height": region.size.height,
        "source": _told(region.source),
        "dtype": region.picture.pixels.dtype,
        "levels": list(levels) if deep and levels else None,
        "approximate": list(region.approximate),
    }


def _told(window: Window) -> dict[str, int]:
    return {"x": window.left, "y": window.top, "width": window.width, "height": window.height}
