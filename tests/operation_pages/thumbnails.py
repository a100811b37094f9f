"""The page's own small pictures of presets and operations: before on one side of a slant, after on the other."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.operation_pages.pictures import (
    photograph,
    photograph_of_preset,
    pictured,
    result,
    shown,
    shows_picture,
)
from tilework.imaging.operations import registry
from tilework.jobs.preset_file import shipped_presets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.operations.contract import Image

BUILDER = Path(__file__).resolve().parents[2] / "master" / "static" / "builder"

PRESETS = BUILDER / "presets"
OPERATIONS = BUILDER / "operations"

OF_PRESETS = (160, 100)
OF_OPERATIONS = (96, 60)
"""Pixels across and down, which their style sheet knows as well."""

QUALITY = 50
"""Of WebP: at these sizes nobody sees the difference, and the page stays small."""

SLANT = 0.3
"""How far the line between before and after leans, as a share of the height."""


def thumbnails() -> dict[Path, Callable[[], bytes]]:
    """Every picture there is, by its file, and who draws it."""
    return {
        PRESETS / f"{name}.webp": partial(_of_preset, name, text)
        for name, text in shipped_presets().items()
        if shows_picture(text)
    } | {
        OPERATIONS / f"{operation.name}.webp": partial(_of_operation, operation.name)
        for operation in registry().values()
        if pictured(operation)
    }


def _of_preset(name: str, pipeline: str) -> bytes:
    return _thumbnail(photograph_of_preset(name), pipeline, OF_PRESETS)


def _of_operation(name: str) -> bytes:
    operation = registry()[name]
    return _thumbnail(photograph(operation), shown(operation)[0].text, OF_OPERATIONS)


def _thumbnail(before: Image, pipeline: str, size: tuple[int, int]) -> bytes:
    after = result(before, pipeline)
    if after.shape[:2] == before.shape[:2]:
        cell = _slanted(_covering(before, size), _covering(after, size))
    else:
        cell = _within(after, before.shape[1], size)
    done, data = cv2.imencode(".webp", cell, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    assert done
    return data.tobytes()


def _covering(image: Image, size: tuple[int, int]) -> Image:
    """The middle of the image, of just this size, in three channels."""
    scale = max(size[0] / image.shape[1], size[1] / image.shape[0])
    image = cv2.resize(_coloured(image), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top = (image.shape[1] - size[0]) // 2, (image.shape[0] - size[1]) // 2
    return image[top : top + size[1], left : left + size[0]]


def _slanted(before: Image, after: Image) -> Image:
    height, width = before.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    beyond = columns - width / 2 + (rows - height / 2) * SLANT
    cell = np.where((beyond < 0)[..., None], before, after)
    cell[np.abs(beyond) < 1] = 255
    return cell


def _within(image: Image, width: int, size: tuple[int, int]) -> Image:
    """All of the image, of a size in proportion to the ``width`` before, with nothing around it."""
    scale = min(size[0] / image.shape[1], size[1] / image.shape[0], size[0] / width)
    image = cv2.resize(_coloured(image), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cell = np.zeros((size[1], size[0], 4), np.uint8)
    left, top = (size[0] - image.shape[1]) // 2, (size[1] - image.shape[0]) // 2
    cell[top : top + image.shape[0], left : left + image.shape[1]] = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    return cell


def _coloured(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
