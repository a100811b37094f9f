"""The other hosts of a command's world, as its option and the environment tell them."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.cli import consoles
from tilework.errors import UnwritableError
from tilework.shown import shown
from tilework.world.spread.hosts import Hosts
from tilework.world.spread.shares import parse_hosts
from tilework.world.spread.ssh import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def hosts_of(text: str, ranks: int, tell: Callable[[str], None]) -> Hosts:
    """Those of ``a,b:4``, ``ranks`` each where no number is said; ``tell`` hears who is lost or back. Raises SettingsError and HostsError."""
    return Hosts(parse_hosts(text, ranks), key_of(os.environ), tell)


def say(sentence: str) -> None:
    """On stderr, for whoever waits."""
    consoles.talk().print(shown(sentence), soft_wrap=True, markup=False)


@contextmanager
def shared_between(
    hosts: Hosts, source: Path, destination: Path, pictures: Path | None = None
) -> Iterator[None]:
    """Meanwhile only hosts take part that see the source and the pictures, and what is written where the results go.

    Raises HostsError where one that is there does not, UnwritableError where nothing can be written there.
    """
    folder = next(each for each in (destination.absolute(), *destination.absolute().parents) if each.is_dir())
    probe = folder / f".tilework-{secrets.token_hex(8)}.part"
    try:
        probe.touch(exist_ok=False)
    except OSError as error:
        raise UnwritableError(f"Nothing can be written to {str(folder)!r}: {error.strerror}.") from error
    try:
        # from the working folder the ranks find what is named from here
        own = [] if pictures is None else [pictures.absolute()]
        hosts.require([Path.cwd(), source.absolute(), probe, *own])
        yield
    finally:
        probe.unlink(missing_ok=True)
