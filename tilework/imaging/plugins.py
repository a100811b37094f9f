"""Operations that come from elsewhere: installed packages with an entry point, and a module that the environment names.

A package offers operations through the entry point group ``tilework.operations``; the value is an operation, an
iterable of operations, or a module whose ``OPERATIONS`` is one. What goes wrong with one such plugin disables it, with
a reason, and nothing else. Reading all this works without OpenCV and NumPy, as far as the plugins do.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from tilework import __version__
from tilework.imaging.blaming import MOST_QUOTED
from tilework.imaging.operations import NAME, NotAddedError, Operation, add, load_extra

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from tilework.imaging.pipeline import Pipeline

GROUP = "tilework.operations"
"""The entry point group in which plugins are looked for."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an operation comes from: a distribution and its version, or a module, which has none."""

    distribution: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point, ``name``, of a distribution.

    ``operations`` are the names of those it offers; of one that is disabled, those that it would, as far as is known.
    ``reason`` says why it is disabled, and is empty where it is not.
    """

    name: str
    origin: Origin
    operations: tuple[str, ...]
    reason: str = ""

    def __str__(self) -> str:
        name = "" if self.name == self.origin.distribution else f" ({self.name})"
        return f"The plugin {self.origin}{name}"


OURS = Origin("tilework", __version__)

_plugins: dict[tuple[str, str], Plugin] = {}
_of_the_module: dict[str, Origin] = {}


def load_own_operations(module: str) -> None:
    """Load all plugins, then a module of own operations, if there is one named: at the start of each process.

    To do it again changes nothing. Raises :class:`~tilework.errors.SettingsError` for the module alone.
    """
    from importlib.metadata import entry_points

    load_plugins(entry_points(group=GROUP))
    if module:
        _of_the_module.update(dict.fromkeys(load_extra(module), Origin(module)))


def load_plugins(found: Iterable[EntryPoint]) -> None:
    """Load plugins in the order of their distributions' names, so that every process has the same ones."""
    for point in sorted(found, key=lambda point: (_origin(point).distribution, point.name)):
        origin = _origin(point)
        # the same distribution may be found twice, as it is where it was installed to be edited
        if (origin.distribution, point.name) not in _plugins:
            _plugins[origin.distribution, point.name] = _loaded(point, origin)


def plugins() -> tuple[Plugin, ...]:
    """All plugins that were looked at, those that are disabled among them."""
    return tuple(_plugins.values())


def disabled() -> tuple[Plugin, ...]:
    """Those that cannot be used, and say why."""
    return tuple(plugin for plugin in plugins() if plugin.reason)


def warn_of_disabled(log: logging.Logger) -> None:
    """Log each plugin that is disabled."""
    for plugin in disabled():
        log.warning("%s is disabled: %s", plugin, plugin.reason)


def origin_of(name: str) -> Origin:
    """Where the operation of this name comes from."""
    for plugin in plugins():
        if not plugin.reason and name in plugin.operations:
            return plugin.origin
    return _of_the_module.get(name, OURS)


def others_in(pipeline: Pipeline) -> list[str]:
    """What its operations come from beside Tilework, as ``acme-operations 1.2``, by name."""
    origins = {origin_of(step.operation.name) for step in pipeline.steps} - {OURS}
    return sorted(map(str, origins))


def why_missing(name: str) -> str:
    """What is known of why there is no operation of this name: a part of a sentence, or nothing."""
    for plugin in disabled():
        if name in plugin.operations:
            return f": the plugin {plugin.origin} has it, and is disabled: {plugin.reason}"
    return ""


def _origin(point: EntryPoint) -> Origin:
    if point.dist is None:
        return Origin(point.value.partition(":")[0])
    return Origin(point.dist.name, point.dist.version)


def _loaded(point: EntryPoint, origin: Origin) -> Plugin:
    likely = (point.name,) if NAME.fullmatch(point.name) else ()
    offered: tuple[object, ...] = ()
    try:
        offered = _offered(point.load())
        return Plugin(point.name, origin, add(offered, origin.distribution))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything, and stops only itself
        names = [each.name for each in offered if isinstance(each, Operation)]
        # what add() found is a sentence already
        told = str(error) if isinstance(error, NotAddedError) else f"{type(error).__name__}: {error}"
        return Plugin(point.name, origin, tuple(names) or likely, told[:MOST_QUOTED])


def _offered(value: object) -> tuple[object, ...]:
    if isinstance(value, ModuleType):
        value = value.OPERATIONS
    return (value,) if isinstance(value, Operation) else tuple(value)  # type: ignore[arg-type]
