"""A file of presets: TOML with one table, ``[presets]``, of names and pipelines."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from tilework.errors import PipelineError
from tilework.imaging.pipeline import parse
from tilework.jobs.presets import Preset, Presets
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 65_536
"""Longest file: some thousand presets, and read within a moment by every worker that needs one."""

MOST_SHOWN = 200
"""Characters of a stranger's text in an error."""


def read_presets(body: bytes, called: str) -> Presets:
    """The presets of a file that errors call ``called``; whatever is wrong with it is told in its faults."""
    if len(body) > MOST_BYTES:
        return too_long(called)
    try:
        document = tomllib.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        return Presets(
            fault=f"The file {called} is no UTF-8 (at line {line}, byte {error.start} of the file)."
        )
    except (ValueError, RecursionError) as error:
        # the message of tomllib tells line and column
        return Presets(fault=f"The file {called} is no TOML: {shown(str(error), most=MOST_SHOWN)}.")
    table = document.get("presets")
    if not isinstance(table, dict):
        return Presets(fault=f"The file {called} has no table [presets], in which all presets are.")
    other = next((name for name in document if name != "presets"), None)
    fault = "" if other is None else f"The file {called} has {_quoted(other)} outside its table [presets]."
    return Presets({name: _preset(name, value, called) for name, value in table.items()}, fault)


def too_long(called: str) -> Presets:
    """What becomes of a file that is too long to be read."""
    return Presets(fault=f"The file {called} has more than {MOST_BYTES} bytes, and is not read.")


@cache
def shipped_presets() -> Mapping[str, str]:
    """The presets of presets.toml beside this file: name to pipeline text."""
    body = resources.files("tilework.jobs").joinpath("presets.toml").read_bytes()
    return {name: preset.text for name, preset in read_presets(body, "presets.toml").by_name.items()}


def _preset(name: str, value: Any, called: str) -> Preset:
    about = f"The preset {_quoted(name)} in {called}"
    if not isinstance(value, str):
        return Preset(name, "", fault=f"{about}: a pipeline is a text in quotes, not {_kind(value)}.")
    if not name or "/" in name:
        return Preset(name, value, fault=f"{about}: the name of a folder has a character, and no slash.")
    try:
        parse(value)
    except PipelineError as error:
        return Preset(name, value, fault=f"{about}: {error.reason}.")
    return Preset(name, value)


def _quoted(name: str) -> str:
    # repr spells out all that is invisible or turns the writing
    return repr(name)[:MOST_SHOWN]


def _kind(value: Any) -> str:
    return {dict: "a table", list: "a list", bool: "true or false"}.get(type(value), "a number or a time")
