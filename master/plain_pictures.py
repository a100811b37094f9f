"""What a page shows of a job's image by itself, without the viewer: a small picture, or the file where browsers show it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tilework.imaging.result_kinds import ResultKind

if TYPE_CHECKING:
    from master.jobs import JobDetail

SHOWN = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp")
"""How the names of files end that every browser shows; viewer/plain.js has the same."""

MOST_BYTES = 64_000_000
MOST_PIXELS = 100_000_000
"""Of a file that a page shows as it is: a browser holds it decoded, and a reader waits for all of it."""


def plain_picture(job: JobDetail, side: str, previews: bool) -> str:
    """The address of what is shown of a job's ``input`` or ``result``; empty where nothing is.

    ``previews`` says that small pictures can be asked for.
    """
    link = job.links.input if side == "input" else job.links.result
    if not link or (side == "result" and job.result_kind is not ResultKind.IMAGE):
        return ""
    if previews:
        return f"/api/jobs/{quote(job.id, safe='')}/thumbnail?side={side}&absent=empty"
    small = job.source_bytes <= MOST_BYTES if side == "input" else job.width * job.height <= MOST_PIXELS
    name = job.key if side == "input" else job.result_key
    return link if small and name.lower().endswith(SHOWN) else ""
