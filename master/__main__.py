"""``python -m master``: the page and the API under uvicorn, the keeper in a thread beside them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import uvicorn

from master.app import create_app
from master.keeper import Keeper
from master.rounds import Rounds
from master.settings import MasterSettings
from master.waker import waker_of
from tilework.aws.connect import build_announcer, connect
from tilework.aws.settings import Deployment
from tilework.errors import SettingsError
from tilework.logs import LogSettings, log_to_stderr

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""

SHUTDOWN_SECONDS = 1
"""What requests under way get before they are cut off; the page asks again by itself."""

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
        _die_with_parent()
    system = connect(deployment, ages=True)
    waker = waker_of(settings, deployment, system)
    announce = build_announcer(deployment) if settings.completion_events else None
    rounds = Rounds(Keeper(system, settings, announce=announce), settings, waker)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, system, waker=waker),
            host=settings.host,
            port=settings.port,
            # its lines go where ours do
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
            ws="none",
        )
    )
    # uvicorn shuts down in order at a signal, then raises it once more
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda received, _: sys.exit(0 if received == signal.SIGTERM else 128 + received)
        )
    rounds.start()
    try:
        server.run()
    finally:
        rounds.stop(KEEPER_SECONDS)
    return 0 if server.started else 1


def _die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends, however that happens."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() == 1:
        # the parent ended before we could ask
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
