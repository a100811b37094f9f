"""`.tilework/local.env`: what any AWS client needs to join, there while the system runs and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tilework.aws.settings import ENDPOINT_NAME, NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLES: Final = (
    ENDPOINT_NAME,
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    *(name for name in NAMES.values() if name.startswith("TILEWORK_")),
    "TILEWORK_URL",
)
"""In the order in which they are written."""


def write(path: Path, environment: Mapping[str, str]) -> None:
    """Write the variables as ``NAME=value`` lines, all at once; KeyError where one misses."""
    text = "".join(f"{name}={environment[name]}\n" for name in VARIABLES)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    # whoever waits for the file finds it whole
    partial.replace(path)


def remove(path: Path) -> None:
    """Tell the world that the system is gone."""
    path.unlink(missing_ok=True)


def read(path: Path) -> dict[str, str]:
    """The variables of a running system; raise FileNotFoundError where there is none."""
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
