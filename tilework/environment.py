"""Reading typed settings out of an environment, for the programs that are configured by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


def number(environ: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    """The number that ``name`` holds, ``default`` where it is missing or blank.

    Raises SettingsError naming the variable where it holds no number, or one outside ``low`` to ``high``.
    """
    text = environ.get(name, "").strip()
    if not text:
        return float(default)
    try:
        value = float(text)
    except ValueError:
        raise SettingsError(f"{name} must be a number from {low:g} to {high:g}, not {text!r}.") from None
    if not low <= value <= high:
        raise SettingsError(f"{name} must be from {low:g} to {high:g}, not {text}.")
    return value
