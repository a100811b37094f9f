"""``python -m master``: the page and the API under uvicorn, the keeper in a thread beside them."""

from __future__ import annotations

import os
import sys

from master.app import create_app
from master.keeper import Keeper
from master.rounds import Rounds
from master.settings import MasterSettings
from master.waker import waker_of
from tilework.aws.connect import build_announcer, connect
from tilework.aws.settings import Deployment
from tilework.errors import SettingsError
from tilework.logs import LogSettings, log_to_stderr
from tilework.service.serving import die_with_parent, server_of

KEEPER_SECONDS = 0.5
"""What the keeper gets: any of its steps may be cut off, and is done again."""


def main() -> int:
    """Serve until a signal ends it; returns the exit status."""
    log_to_stderr("master")
    try:
        log_to_stderr("master", LogSettings.from_environment(os.environ))
        settings = MasterSettings.from_environment(os.environ)
        deployment = Deployment.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error.reason} {error.advice}\n")
        return 2
    if settings.die_with_parent:
        die_with_parent()
    system = connect(deployment, ages=True)
    waker = waker_of(settings, deployment, system)
    announce = build_announcer(deployment) if settings.completion_events else None
    rounds = Rounds(Keeper(system, settings, announce=announce), settings, waker)
    server = server_of(create_app(settings, system, waker=waker), settings.host, settings.port)
    rounds.start()
    try:
        server.run()
    finally:
        rounds.stop(KEEPER_SECONDS)
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
