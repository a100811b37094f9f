"""The function that a spent budget calls: it sends the fleet to no hosts."""

from __future__ import annotations

import os
from typing import Any, Final

from tilework.aws.fleet_stop import connect_auto_scaling, stop_fleet
from tilework.logs import LogSettings, log_to_stderr

GROUP: Final = "TILEWORK_FLEET_GROUP"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Stop the fleet, whatever the message says: only the budget may send one."""
    log_to_stderr("fleet stop", LogSettings.from_environment(os.environ))
    return {"stopped": stop_fleet(connect_auto_scaling(), os.environ[GROUP])}
