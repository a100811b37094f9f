"""A small ICC profile for inks, made here: no locked package ships one. ICC.1:2010, sections 7, 10.10 (lut16Type)."""

from __future__ import annotations

import struct

import numpy as np

GRID = 5
"""Points along each ink."""

WHITE = (0.9642, 1.0, 0.8249)
"""The connection space's white, D50."""


def _text(kind: bytes, payload: bytes) -> bytes:
    return kind + bytes(4) + payload


def _lab(rgb: np.ndarray) -> np.ndarray:
    """Linear sRGB to L*a*b* under D50 (the adapted primaries of ICC's sRGB)."""
    matrix = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
    ratio = rgb @ matrix.T / np.array(WHITE)
    cubic = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = np.moveaxis(cubic, -1, 0)
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), -1)


def _table() -> bytes:
    """What each mixture of the inks looks like, cyan slowest: crude inks, each of which dims two lights a little."""
    steps = np.linspace(0, 1, GRID)
    inks = np.stack(np.meshgrid(steps, steps, steps, steps, indexing="ij"), -1).reshape(-1, 4)
    dims = np.array([[0.9, 0.25, 0.05], [0.15, 0.85, 0.3], [0.02, 0.1, 0.8], [0.95, 0.95, 0.95]])
    lab = _lab(np.prod(1 - inks[:, :, None] * dims, axis=1) * 0.98)
    scaled = np.stack((lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256), -1)
    return np.clip(np.rint(scaled), 0, 65535).astype(">u2").tobytes()


def cmyk_profile() -> bytes:
    """A version 2 output profile, CMYK to L*a*b*, for one intent (all others fall back to it)."""
    identity = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    straight = struct.pack(">2H", 0, 65535)
    lut = struct.pack(">4BHH", 4, 3, GRID, 0, 2, 2)
    table = b"mft2" + bytes(4) + lut[:4] + identity + lut[4:] + straight * 4 + _table() + straight * 3
    name = b"Crude inks\0"
    described = len(name).to_bytes(4) + name + bytes(78)
    tags = {
        b"desc": _text(b"desc", described),
        b"cprt": _text(b"text", b"None\0"),
        b"wtpt": _text(b"XYZ ", struct.pack(">3i", *(round(value * 65536) for value in WHITE))),
        b"A2B0": table,
    }
    directory, body = len(tags).to_bytes(4), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        directory += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    struct.pack_into(
        ">I4sI4s4s4s", head, 0, start + len(body), b"none", 0x02400000, b"prtr", b"CMYK", b"Lab "
    )
    head[36:40] = b"acsp"
    struct.pack_into(">3i", head, 68, *(round(value * 65536) for value in WHITE))
    return bytes(head) + directory + body
