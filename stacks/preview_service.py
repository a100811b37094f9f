"""The preview without a server: one function of a zip of its own, behind the master's HTTP API and its authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_lambda as functions
from constructs import Construct

from stacks.master_service import API_SECONDS
from stacks.zip_function import zip_function

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stacks.settings import Settings

HANDLER: Final = "preview.lambda_handler.handler"

MEMORY_MIB: Final = 2048
"""A slider wants a whole processor, which Lambda gives from 1,769 on; and decoded images want room."""

IMAGE_MIB: Final = 192
"""Of an image that is decoded whole: 67 megapixels of colour, held twice while it is turned upright."""

CACHE_MIB: Final = 768
"""Of decoded images that are kept, beside 300 MiB of Python, NumPy and OpenCV, and what a region takes."""

ROUTES: Final = {
    "GET /api/preview": {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 50},
    "POST /api/preview": {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 60},
    "POST /api/preview/file": {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 60},
    "GET /api/jobs/{id}/thumbnail": {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 200},
    "GET /api/jobs/{id}/images/{proxy+}": {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 200},
}
"""What it answers, and the most requests a second. A limit of routes and no reserved concurrency: that would take from what
the account has, which for a new account is ten, and the deploy would be refused."""


class PreviewService(Construct):
    """``function`` answers :data:`ROUTES`; the stack routes requests to it, and grants what it may read."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Path,
        environment: Mapping[str, str],
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = zip_function(
            self,
            settings,
            code=functions.Code.from_asset(str(code)),
            handler=HANDLER,
            memory_mib=MEMORY_MIB,
            seconds=API_SECONDS,
            environment={
                **environment,
                "TILEWORK_PREVIEW_IMAGE_MIB": str(IMAGE_MIB),
                "TILEWORK_PREVIEW_CACHE_MIB": str(CACHE_MIB),
            },
        )
