"""The look at the queues that Lambda takes each minute; apart from the application, which it does not need."""

from __future__ import annotations

import functools
import os
from dataclasses import asdict
from typing import Any

from master.settings import MasterSettings
from master.waker import Waker, waker_of
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.errors import SettingsError
from tilework.logs import LogSettings, log_to_stderr


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Wake the fleet, send it to sleep, or leave it as it is."""
    return asdict(_waker().look())


@functools.cache
def _waker() -> Waker:
    """Once for as long as Lambda keeps this process."""
    log_to_stderr("waker", LogSettings.from_environment(os.environ))
    settings = MasterSettings.from_environment(os.environ)
    deployment = Deployment.from_environment(os.environ)
    waker = waker_of(settings, deployment, connect(deployment))
    if waker is None:
        raise SettingsError("TILEWORK_FLEET_GROUP is not set: there is no fleet to wake.")
    return waker
