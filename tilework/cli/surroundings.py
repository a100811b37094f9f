"""What the environment tells a command that processes files here, as it tells a worker host."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tilework.imaging.limits import Limits

EXTRA_OPERATIONS = "TILEWORK_EXTRA_OPERATIONS"
"""The variable that names a module of own operations, here as on a worker host."""


def extra_operations() -> str:
    """The name of the module of own operations, or nothing."""
    return os.environ.get(EXTRA_OPERATIONS, "").strip()


PICTURES = "TILEWORK_PICTURES"
"""The variable that names the folder of the pictures which pipelines name."""


def pictures_folder(asked: Path | None) -> Path | None:
    """The folder of pictures: the one that was asked for, else the environment's, if there is one."""
    told = os.environ.get(PICTURES, "").strip()
    return asked or (Path(told) if told else None)


def limits_of(working_set: int | None) -> Limits:
    """The limits of the environment, with the memory that was asked for. Raises SettingsError."""
    limits = Limits.from_environment(os.environ)
    if working_set is None:
        return limits
    return replace(limits, working_set=working_set, block_bytes=working_set)
