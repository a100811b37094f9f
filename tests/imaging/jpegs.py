"""A small JPEG writer for what no library writes: any sampling factors, component ids, markers, scans and restarts.

ITU-T T.81, annexes B and F. Each block has a random mean and a few random first coefficients.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from tests.imaging.samples import segment

EOI = b"\xff\xd9"
QUANTISATION = b"\0" + bytes([8] + [24] * 63)
DC_TABLE = b"\x00" + bytes([0, 0, 0, 12, *[0] * 12]) + bytes(range(12))
"""Twelve codes of 4 bits, for differences of 0 to 11 bits."""

AC_TABLE = b"\x10" + bytes([1, 1, *[0] * 14]) + b"\x00\x01"
"""``0`` ends a block; ``10`` and a sign is a coefficient of 1 or -1 that follows at once."""


@dataclass(frozen=True)
class Component:
    """``across`` and ``down`` are its sampling factors."""

    id: int
    across: int = 1
    down: int = 1


def components(*factors: tuple[int, int], first: int = 1) -> list[Component]:
    return [Component(first + index, *each) for index, each in enumerate(factors)]


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes((transform,)))


def frame(width: int, height: int, parts: list[Component], *, bits: int = 8, marker: int = 0xC0) -> bytes:
    specs = b"".join(bytes((part.id, part.across << 4 | part.down, 0)) for part in parts)
    return segment(
        marker, bytes((bits,)) + height.to_bytes(2) + width.to_bytes(2) + bytes((len(parts),)) + specs
    )


class _Bits:
    def __init__(self) -> None:
        self.text: list[str] = []

    def flush(self) -> bytes:
        """Pad with ones to a byte, and stuff."""
        bits = "".join(self.text)
        self.text = []
        bits += "1" * (-len(bits) % 8)
        return (int(bits, 2).to_bytes(len(bits) // 8) if bits else b"").replace(b"\xff", b"\xff\0")


class Scan:
    """The entropy-coded data of one scan over some components, with restarts after each ``restart`` units."""

    def __init__(self, size: tuple[int, int], parts: list[Component], seed: int, restart: int = 0) -> None:
        self.size = size
        self.all = parts
        self.random = random.Random(seed)  # noqa: S311 -- no secret
        self.restart = restart

    def of(self, parts: list[Component]) -> bytes:
        header = bytes((len(parts),)) + b"".join(bytes((part.id, 0)) for part in parts) + b"\0\x3f\0"
        bits, before = _Bits(), dict.fromkeys((part.id for part in parts), 0)
        body = b""
        for unit in range(self._units(parts)):
            if self.restart and unit and unit % self.restart == 0:
                body += bits.flush() + bytes((0xFF, 0xD0 + (unit // self.restart - 1) % 8))
                before = dict.fromkeys(before, 0)
            for part in parts:
                for _ in range(part.across * part.down if len(parts) > 1 else 1):
                    before[part.id] = self._block(bits, before[part.id])
        return segment(0xDA, header) + body + bits.flush()

    def _units(self, parts: list[Component]) -> int:
        most = max(part.across for part in self.all), max(part.down for part in self.all)
        if len(parts) > 1:
            return math.prod(-(-side // (8 * factor)) for side, factor in zip(self.size, most, strict=True))
        own = parts[0].across, parts[0].down
        sides = [-(-side * mine // factor) for side, mine, factor in zip(self.size, own, most, strict=True)]
        return math.prod(-(-side // 8) for side in sides)

    def _block(self, bits: _Bits, before: int) -> int:
        mean = self.random.randrange(-110, 110)
        difference = mean - before
        length = abs(difference).bit_length()
        bits.text.append(f"{length:04b}")
        if length:
            bits.text.append(f"{difference if difference > 0 else difference + (1 << length) - 1:0{length}b}")
        bits.text += ["10" + self.random.choice("01") for _ in range(self.random.randrange(6))]
        bits.text.append("0")
        return mean


def written(
    width: int,
    height: int,
    parts: list[Component],
    *,
    before: bytes = b"",
    restart: int = 0,
    scans: int = 1,
    seed: int = 0,
) -> bytes:
    """A baseline JPEG of noise; with ``scans`` of 2 or more each component has a scan of its own."""
    scan = Scan((width, height), parts, seed, restart)
    bodies = [scan.of(parts)] if scans == 1 else [scan.of([part]) for part in parts]
    tables = segment(0xDB, QUANTISATION) + segment(0xC4, DC_TABLE) + segment(0xC4, AC_TABLE)
    interval = segment(0xDD, restart.to_bytes(2)) if restart else b""
    return b"\xff\xd8" + before + tables + frame(width, height, parts) + interval + b"".join(bodies) + EOI
