"""The workers' container image: built from this checkout by the deploy, or one that is there already."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Aws, IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.plugins import PluginWheels

if TYPE_CHECKING:
    from stacks.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

IN_THE_IMAGE = ("tilework", "worker_image")
"""All of the checkout that enters the image, and so its hash: an edit elsewhere builds nothing again."""

PLATFORMS = {
    "x86_64": ecr_assets.Platform.LINUX_AMD64,
    "arm64": ecr_assets.Platform.LINUX_ARM64,
}

_ECR_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)[:@].+"
)


class WorkerContainer(Construct):
    """``uri`` of the image; ``registry`` to log in to, None where it can be pulled by anybody."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        if settings.worker_image_uri is None:
            image = self._built(settings)
            self.uri: str = image.image_uri
            self._repository: str | None = image.repository.repository_arn
            self.registry: str | None = f"{Aws.ACCOUNT_ID}.dkr.ecr.{Aws.REGION}.{Aws.URL_SUFFIX}"
        else:
            self.uri = settings.worker_image_uri
            private = _ECR_URI.fullmatch(self.uri)
            self._repository = private and (
                f"arn:{Aws.PARTITION}:ecr:{private['region']}:{private['account']}:repository/{private['name']}"
            )
            self.registry = self.uri.partition("/")[0] if private else None

    def grant_pull(self, role: iam.Role) -> None:
        """Allow ``role`` to pull this image, and no other."""
        if self._repository is None:
            return
        role.add_to_policy(
            iam.PolicyStatement(
                sid="PullTheImage",
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=[self._repository],
            )
        )
        # the one action of the registry that knows no resource
        role.add_to_policy(
            iam.PolicyStatement(
                sid="LogInToTheRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]
            )
        )

    def _built(self, settings: Settings) -> ecr_assets.DockerImageAsset:
        folders, arguments = list(IN_THE_IMAGE), {}
        if settings.plugins:
            wheels = PluginWheels.of(settings).wheels.relative_to(ROOT).as_posix()
            folders.append(wheels)
            arguments["PLUGINS"] = wheels
        admitted = [pattern for folder in folders for pattern in (f"!{folder}", f"!{folder}/**")]
        return ecr_assets.DockerImageAsset(
            self,
            "Image",
            directory=str(ROOT),
            file="worker_image/Dockerfile",
            exclude=["**", *admitted, "**/__pycache__"],
            ignore_mode=IgnoreMode.DOCKER,
            platform=PLATFORMS[settings.architecture],
            build_args=arguments or None,
        )
