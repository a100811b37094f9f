"""Before and after: one strip of pictures an operation, of photographs that scikit-image ships."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from local.samples import photographs
from tilework.imaging.engine import run_whole
from tilework.imaging.example_pictures import shown_examples
from tilework.imaging.formats import Picture
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse
from tilework.jobs.preset_file import shipped_presets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tilework.imaging.operations import Example, Operation
    from tilework.imaging.operations.contract import Image

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "operations" / "pictures"

WIDTH, HEIGHT = 300, 220
"""Pixels of one picture of a strip."""

GAP = 8
MOST = 2
"""Examples that are shown beside the photograph."""

QUALITY = 82

PHOTOGRAPHS = {"tone": "moon.png", "morphology": "horse.png", "analysis": "coins.png"}
"""What a family is shown on, where colours are not the point."""

OF_ONE = {
    "otsu": "coins.png",
    "adaptive": "page.png",
    "threshold": "coins.png",
    "white_balance": "coffee.png",
    "canny": "coffee.png",
    "equalize": "coffee.png",
    "histogram": "chelsea.png",
}
OF_PRESET = {
    "document-scan": "page.png",
    "document-clean": "page.png",
    "microscopy-edges": "ihc.png",
    "satellite-preview": "retina.jpg",
    "terrain-colours": "moon.png",
    "cell-mask": "ihc.png",
    "night-photo": "rocket.jpg",
    "edges": "coffee.png",
    "outline": "coffee.png",
    "clean-edges": "coffee.png",
    "thumbnail": "astronaut.png",
    "faded-photo": "ihc.png",
}
ELSE = "chelsea.png"
"""Sources and licences: the docstrings of skimage.data; all are in the public domain or CC0."""

CENTRE = {"denoise", "median", "bilateral"}
"""Operations that are shown at full size on a part with noise put on it: reduced, there would be nothing to see."""


def pictures() -> dict[str, Callable[[], bytes]]:
    """Every picture there is, by its file's name, and who draws it."""
    drawn: dict[str, Callable[[], bytes]] = {
        f"{operation.name}.jpg": partial(render, operation)
        for operation in registry().values()
        if pictured(operation)
    }
    presets = shipped_presets().items()
    return drawn | {
        f"preset-{name}.jpg": partial(render_preset, name, text)
        for name, text in presets
        if shows_picture(text)
    }


def shows_picture(pipeline: str) -> bool:
    """Whether a pipeline gives a picture to look at: no report, and no archive of the photograph itself."""
    parsed = parse(pipeline)
    return bool(parsed.steps) and not parsed.is_report


def pictured(operation: Operation) -> bool:
    return bool(shown(operation))


def render(operation: Operation) -> bytes:
    """The strip of an operation as a JPEG."""
    return _strip(photograph(operation), [example.text for example in shown(operation)])


def render_preset(name: str, pipeline: str) -> bytes:
    """The strip of a preset as a JPEG."""
    return _strip(photograph_of_preset(name), [pipeline])


def photograph_of_preset(name: str) -> Image:
    """What a preset is shown on: 8 bits, colour, of a strip's size."""
    return loaded(OF_PRESET.get(name, ELSE), grey=False)


def _strip(image: Image, pipelines: Sequence[str]) -> bytes:
    cells = [image, *(result(image, text) for text in pipelines)]
    strip = np.full((HEIGHT, len(cells) * (WIDTH + GAP) - GAP, 3), 255, np.uint8)
    for index, cell in enumerate(cells):
        fitted = _fitted(cell)
        left = index * (WIDTH + GAP) + (WIDTH - fitted.shape[1]) // 2
        top = (HEIGHT - fitted.shape[0]) // 2
        strip[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    done, data = cv2.imencode(".jpg", strip, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return data.tobytes()


def photograph(operation: Operation) -> Image:
    """What an operation is shown on: 8 bits, with the channels that its first example takes, of a strip's size."""
    name = OF_ONE.get(operation.name, PHOTOGRAPHS.get(operation.family, ELSE))
    image = loaded(name, grey=3 not in operation.channels)
    if operation.name in CENTRE:
        noisy = np.random.default_rng(1).normal(0, 12, image.shape) + image
        image = np.clip(noisy, 0, 255).astype(np.uint8)
    return image


def captions(operation: Operation) -> list[str]:
    return [example.text for example in shown(operation)]


def shown(operation: Operation) -> list[Example]:
    fitting = [each for each in operation.examples if not each.dtypes or "uint8" in each.dtypes]
    return fitting[:MOST] if "uint8" in operation.dtypes else []


def result(image: Image, pipeline: str) -> Image:
    colour = run_whole(Picture(image), shown_examples(parse(pipeline), image)).colour
    if colour.dtype == np.uint8:
        return colour
    return cv2.convertScaleAbs(colour, alpha=255 / max(1.0, float(np.abs(colour).max())))


@cache
def loaded(name: str, *, grey: bool) -> Image:
    image = cv2.imread(str(photographs() / name), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
    assert image is not None
    scale = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (image.shape[0] - HEIGHT) // 2, (image.shape[1] - WIDTH) // 2
    return np.ascontiguousarray(image[top : top + HEIGHT, left : left + WIDTH])


def _fitted(image: Image) -> Image:
    """Shrunk where it is larger than a cell, never enlarged; in three channels."""
    scale = min(1.0, WIDTH / image.shape[1], HEIGHT / image.shape[0])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
