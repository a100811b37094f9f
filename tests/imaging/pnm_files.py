"""PNM files for the tests, made of their pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.imaging.samples import noise
from tilework.errors import (
    DamagedImageError,
)
from tilework.imaging.formats import Decoded, decode, probe
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

LIMITS = Limits()
GREY, COLOUR = noise(37, 23, 1), noise(37, 23)
DEEP_GREY, DEEP = noise(37, 23, 1, "uint16"), noise(37, 23, 3, "uint16")
FLOATS, FLOAT_COLOUR = noise(37, 23, 1, "float32"), noise(37, 23, 3, "float32")


def read(data: bytes, page: int | None = None) -> Decoded:
    return decode(data, probe(BytesSource(data), LIMITS, page))


def rgb(array: Any) -> Any:
    """Red first, as the files have it."""
    return array if array.ndim == 2 else np.ascontiguousarray(array[:, :, [2, 1, 0, 3][: array.shape[2]]])


def raw(array: Any, most: int | None = None, between: str = "\n") -> bytes:
    """P5 or P6."""
    most = most or int(np.iinfo(array.dtype).max)
    kind = "P5" if array.ndim == 2 else "P6"
    head = between.join((kind, str(array.shape[1]), str(array.shape[0]), str(most))) + "\n"
    return head.encode() + rgb(array).astype("u1" if most < 256 else ">u2").tobytes()


def plain(array: Any, most: int | None = None, gap: str = " ") -> bytes:
    """P2 or P3."""
    most = most or int(np.iinfo(array.dtype).max)
    head = f"{'P2' if array.ndim == 2 else 'P3'}\n{array.shape[1]} {array.shape[0]}\n{most}\n"
    return (head + gap.join(str(value) for value in rgb(array).reshape(-1).tolist()) + "\n").encode()


def pam(array: Any, name: str, most: int | None = None, depth: int | None = None) -> bytes:
    most = most or int(np.iinfo(array.dtype).max)
    depth = depth or (1 if array.ndim == 2 else array.shape[2])
    kind = f"TUPLTYPE {name}\n" if name else ""
    head = f"P7\n# a comment\nHEIGHT {array.shape[0]}\nWIDTH {array.shape[1]}\nMAXVAL {most}\n{kind}\nDEPTH {depth}\nENDHDR\n"
    return head.encode() + array.astype("u1" if most < 256 else ">u2").tobytes()


def pfm(array: Any, order: str, scale: float = 1.0) -> bytes:
    head = f"{'Pf' if array.ndim == 2 else 'PF'}\n{array.shape[1]} {array.shape[0]}\n{scale if order == '>' else -scale}\n"
    return head.encode() + rgb(array)[::-1].astype(order + "f4").tobytes()


def pbm(bits: Any) -> bytes:
    return f"P4 {bits.shape[1]} {bits.shape[0]}\n".encode() + np.packbits(bits, axis=1).tobytes()


def refusal(data: bytes) -> str:
    with pytest.raises(DamagedImageError) as caught:
        read(data)
    return caught.value.reason
