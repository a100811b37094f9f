"""A plugin as a user makes one: an operation written by `tilework new-operation`, its wheel, and that as a deploy takes it."""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from stacks.plugins import PluginWheels

OPERATION = "despeckle(5)"


def despeckle() -> Path:
    """The folder of its wheel, in this checkout."""
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    with tempfile.TemporaryDirectory() as folder:
        _run(folder, "-m", "tilework.cli", "new-operation", "despeckle")
        _run(folder, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "./tilework-despeckle")
        (wheel,) = Path(folder).glob("*.whl")
        wheels = PluginWheels(words=(str(wheel),), architecture=architecture)
        wheels.fetch(_no_bucket)
        return wheels.wheels


def _run(folder: str, *arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _no_bucket(address: str) -> bytes:
    raise AssertionError(f"The wheel lies in no bucket: {address}")
