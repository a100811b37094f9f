"""What the depths of samples mean."""

from __future__ import annotations

WHITE = {"uint8": 255, "uint16": 65_535, "int16": 32_767, "float32": 1, "float64": 1}
"""White, and what is opaque, in each depth that shows brightness."""

VALUES = {"uint8": 256, "uint16": 65_536}
"""How many values a sample has, in depths of which each value can have an entry in a table or a bin in a histogram."""
