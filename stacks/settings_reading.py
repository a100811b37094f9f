"""Reads the settings of a deployment: each by its field's type, with a sentence where it makes no sense."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Final, Literal, cast, get_args, get_origin, get_type_hints

from stacks.settings import Settings
from tilework.errors import SettingsError
from tilework.imaging.plugins import load_own_operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENVIRONMENT_PREFIX: Final = "TILEWORK_DEPLOY_"


def read(context: Callable[[str], object], environ: Mapping[str, str]) -> Settings:
    """Read all settings; ``context`` returns a key's value, or None where it is not given.

    Raises SettingsError with a sentence that names the key.
    """
    # a default pipeline may name operations of plugins that are installed here, too
    load_own_operations("")
    given: dict[str, object] = {}
    types = get_type_hints(Settings)
    for field in fields(Settings):
        value = context(field.name)
        if value is None:
            value = environ.get(ENVIRONMENT_PREFIX + field.name.upper())
        if value is not None and value != "":
            given[field.name] = _reader(types[field.name])(field.name, value)
    return Settings(**given)  # type: ignore[arg-type]  # each reader returns its field's own type


def _reader(kind: object) -> Callable[[str, object], object]:
    """What reads a field of this type; of an optional one, what reads it where it is given."""
    if get_origin(kind) is Literal:
        return _one_of(*get_args(kind))
    for read_kind, types in ((_truth, {bool}), (_number, {int}), (_words, {tuple[str, ...]})):
        if kind in types or types & set(get_args(kind)):
            return read_kind
    return _text


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{name} must be text, not {value!r}.")
    return value.strip()


def _truth(name: str, value: object) -> bool:
    if value in {True, "true"}:
        return True
    if value in {False, "false"}:
        return False
    raise SettingsError(f"{name} must be true or false, not {value!r}.")


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", str(value)):
        raise SettingsError(f"{name} must be a whole number, not {value!r}.")
    return int(cast("int | str", value))


def _words(name: str, value: object) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise SettingsError(f"{name} must be a list, or names with commas between them, not {value!r}.")
    return tuple(word.strip() for word in words if word.strip())


def _one_of(*choices: str) -> Callable[[str, object], str]:
    def read_choice(name: str, value: object) -> str:
        if value not in choices:
            raise SettingsError(f"{name} must be {' or '.join(choices)}, not {value!r}.")
        return str(value)

    return read_choice
