"""``python -m preview``: the preview under uvicorn, on loopback, for the master that forwards to it."""

from __future__ import annotations

import os
import sys

from preview.app import create_app
from preview.settings import PreviewSettings
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.errors import SettingsError
from tilework.imaging.run import prepare_process
from tilework.logs import LogSettings, log_to_stderr
from tilework.service.serving import die_with_parent, server_of


def main() -> int:
    """Serve until a signal ends it; returns the exit status."""
    log_to_stderr("preview")
    try:
        log_to_stderr("preview", LogSettings.from_environment(os.environ))
        settings = PreviewSettings.from_environment(os.environ)
        deployment = Deployment.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error.reason} {error.advice}\n")
        return 2
    if settings.die_with_parent:
        die_with_parent()
    prepare_process()
    server = server_of(
        create_app(settings, connect(deployment)),
        settings.host,
        settings.port,
        # the master keeps its connections, and asks on them when it is asked
        timeout_keep_alive=3600,
    )
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
