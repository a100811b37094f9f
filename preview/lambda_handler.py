"""The preview without a server: the same application behind API Gateway."""

from __future__ import annotations

import functools
import os
from typing import Any

from mangum import Mangum

from preview.app import create_app
from preview.settings import PreviewSettings
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.logs import LogSettings, log_to_stderr

PICTURES = ["image/"]
"""What goes out as Base64, and text does not."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    return _application()(event, context)


@functools.cache
def _application() -> Mangum:
    """The application, once for as long as Lambda keeps this process."""
    log_to_stderr("preview", LogSettings.from_environment(os.environ))
    settings, deployment = (
        PreviewSettings.from_environment(os.environ),
        Deployment.from_environment(os.environ),
    )
    return Mangum(create_app(settings, connect(deployment)), lifespan="off")
