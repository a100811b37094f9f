"""A picture through the stages of large images, and its tiles joined again."""

from __future__ import annotations

from tilework.testing.tiling import HeldPicture, HeldScratch, QuietReader, staged, staged_report, windowed

__all__ = ["HeldPicture", "HeldScratch", "QuietReader", "staged", "staged_report", "windowed"]
