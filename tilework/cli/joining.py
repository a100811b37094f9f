"""How a command finds the running system.

By the API that is named, else the environment, else the nearest ``.tilework/local.env``, else the one API that somebody
is signed in to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tilework.api.http import Api, checked
from tilework.api.sessions import Sessions, folder_of
from tilework.api.system import join_api
from tilework.aws.connect import connect
from tilework.aws.settings import ENDPOINT_NAME, NAMES, Deployment
from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tilework.jobs.system import System

API_NAME = "TILEWORK_API_URL"
"""The variable that names the API to go through, and so needs no AWS credentials; ``--api`` sets it."""

LOCAL_FILE = Path(".tilework") / "local.env"
"""Written by a running `make run`, relative to its checkout."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

NOT_FOUND = "No Tilework was found: neither the environment names one, nor is there a .tilework/local.env here or above."


class NoSystemError(SettingsError):
    """Nothing says that there is a system to join."""


HOW = "Start one with `make run`, set the variables that docs/running.md lists, or `tilework login`."


def find_deployment(environ: MutableMapping[str, str], folder: Path) -> Deployment:
    """The system that ``environ`` names, else the one that runs in ``folder`` or a parent of it.

    The environment wins as a whole: as soon as it names one bucket, queue or table, no file is read. Otherwise the
    file's variables take the place of all AWS ones in ``environ``, from which clients take their credentials.
    Raises NoSystemError where neither is there, SettingsError where the environment misses a variable.
    """
    if not any(environ.get(name) for name in NAMES.values() if name.startswith("TILEWORK_")):
        path = _nearest(folder)
        if path is None:
            raise NoSystemError(NOT_FOUND, advice=HOW)
        _move_in(environ, _variables(path))
    return Deployment.from_environment(environ)


def join(environ: MutableMapping[str, str], folder: Path) -> System:
    """Connect to the API that ``environ`` names, or to the system that :func:`find_deployment` finds."""
    sessions = Sessions(folder_of(environ))
    if address := environ.get(API_NAME, "").strip():
        return _through(address, sessions)
    try:
        return connect(find_deployment(environ, folder))
    except NoSystemError:
        known = sessions.addresses()
        if len(known) != 1:
            raise
        return _through(known[0], sessions)


def _through(address: str, sessions: Sessions) -> System:
    api = checked(address)
    return join_api(Api(api, lambda: sessions.token(api)))


def join_from_here() -> System:
    """:func:`join` from this process's environment and working directory."""
    return join(os.environ, Path.cwd())


def _nearest(folder: Path) -> Path | None:
    candidates = (place / LOCAL_FILE for place in (folder, *folder.parents))
    return next((path for path in candidates if path.is_file()), None)


def _variables(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _move_in(environ: MutableMapping[str, str], variables: Mapping[str, str]) -> None:
    for name in [name for name in environ if name.startswith("AWS_")]:
        # a profile or a session token of a real account does not go with another endpoint
        del environ[name]
    environ.update(variables)
    if urlsplit(variables.get(ENDPOINT_NAME, "")).hostname in LOOPBACK:
        for name in ("NO_PROXY", "no_proxy"):
            environ[name] = ",".join(filter(None, (environ.get(name, ""), *sorted(LOOPBACK))))
