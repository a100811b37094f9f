"""Every failure that there is, whatever the test at hand has imported."""

from __future__ import annotations

import functools
import importlib
import pkgutil

import master
import preview
import tilework
import worker_image
from tilework.errors import TileworkError


@functools.cache
def everything_loaded() -> None:
    """So that all errors are known, whatever else has been imported."""
    for package in (tilework, worker_image, master, preview):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and module.name != "worker_image.world":
                importlib.import_module(module.name)


def kinds(kind: type[TileworkError] = TileworkError) -> set[type[TileworkError]]:
    everything_loaded()
    # those that tests make are told to nobody
    ours = [each for each in kind.__subclasses__() if not each.__module__.startswith("tests")]
    return {kind}.union(*map(kinds, ours))


def codes() -> set[str]:
    return {each.code for each in kinds()}
