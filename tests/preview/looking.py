"""A job with an image, and who looks at it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from preview.app import create_app
from preview.settings import PreviewSettings
from tests.imaging.samples import decoded
from tests.imaging.tiffs import written
from tests.preview.conftest import Client, World
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pyramid import halved
from tilework.jobs.in_memory import memory_system

if TYPE_CHECKING:
    import httpx

    from tilework.imaging.operations.contract import Image


class Looker:
    """Looks at one side of a job, and counts what is read for it."""

    def __init__(
        self, body: bytes, side: str = "input", settings: PreviewSettings | None = None, **changes: Any
    ) -> None:
        self.world = World(memory_system(lambda: 0.0))
        self.side = side
        self.job = self.world.job(body, **({"result": body} if side == "result" else {}), **changes)
        self.reads: list[tuple[int, int]] = []
        store = self.world.system.inputs if side == "input" else self.world.system.outputs
        read = store.read

        def counted(key: str, version: str | None, start: int, stop: int) -> bytes:
            self.reads.append((start, stop))
            return read(key, version, start, stop)

        store.read = counted  # type: ignore[method-assign]
        self.client = Client(create_app(settings or PreviewSettings(), self.world.system))

    def get(self, path: str = "", **options: Any) -> httpx.Response:
        return self.client.get(f"/api/jobs/{self.job.id}/images/{self.side}{path}", **options)

    def told(self, path: str = "") -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tile(self, place: str) -> Image:
        answer = self.get(f"/tiles/{place}")
        assert answer.status_code == 200, answer.text
        return decoded(answer.content)

    def whole(self, level: int) -> Image:
        """A level put together from its tiles; what a file's own hold beyond the edge is padding."""
        view = self.told()
        size, side = view["levels"][level], view["tile"]
        rows = [
            np.hstack([self.tile(f"{level}/{column}/{row}") for column in range(size["across"])])
            for row in range(size["down"])
        ]
        # only the last of a row or column may be narrower
        assert all(each.shape[0] <= side for each in rows)
        return np.vstack(rows)[: size["height"], : size["width"]]


def as_rgb(array: Image) -> Image:
    """As files have it, and tests have not."""
    return array[:, :, ::-1] if array.ndim == 3 else array


def tiled(array: Image, **options: Any) -> bytes:
    """A TIFF in tiles, without overviews."""
    return written(as_rgb(array), tile=(256, 256), **options)


def with_overviews(array: Image, **options: Any) -> bytes:
    """A TIFF in tiles with its overviews behind it."""
    file = io.BytesIO()
    photometric = "rgb" if array.ndim == 3 else "minisblack"
    with tifffile.TiffWriter(file) as writer:
        for level in range(20):
            writer.write(
                as_rgb(array), tile=(256, 256), subfiletype=int(level > 0), photometric=photometric,
                metadata=None, software=False, **options,
            )  # fmt: skip
            if max(array.shape[:2]) <= 256:
                break
            array = halved(Picture(array)).colour
    return file.getvalue()


def half(array: Image, times: int) -> Image:
    """An image halved so many times, as overviews are."""
    for _ in range(times):
        array = halved(Picture(array)).colour
    return array
