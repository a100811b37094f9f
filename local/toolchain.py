"""The tools of a deploy: the CDK command line from npm, the packages of our Lambdas from PyPI; all locked."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local import commands
from local.bucket_wheels import read_object
from local.lock import in_turn
from local.npm import DOWNLOAD_SECONDS, NETWORK, NpmLock
from local.settings import ROOT, Places
from local.surroundings import node
from stacks.lambda_build import LambdaBuild
from stacks.lambda_contents import MASTER, PREVIEW
from stacks.plugins import PluginWheels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.progress import Progress
    from stacks.settings import Settings

CLI: Final = NpmLock(Path(__file__).parent / "cdk_cli", "the CDK command line")


def cdk_command(places: Places) -> tuple[str, ...]:
    """How the CDK command line is started."""
    return (str(node()), str(CLI.installed(places) / "node_modules" / "aws-cdk" / "bin" / "cdk"))


def cdk_environment(places: Places) -> dict[str, str]:
    """What keeps the CDK's files inside the checkout, and the CDK from calling home."""
    return {
        "CDK_HOME": str(places.cache / "cdk"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(places.cache / "jsii"),
        "JSII_NODE": str(node()),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "true",
    }


def install(progress: Progress, places: Places, environment: Mapping[str, str], settings: Settings) -> None:
    """Install what a deployment with ``settings`` takes and is not there yet. Raises SetupError."""
    with in_turn(places.tools / "lock"):
        CLI.install(progress, places, environment)
        for contents in (MASTER, PREVIEW) if settings.preview else (MASTER,):
            _install_lambda_packages(progress, places, environment, LambdaBuild.of(settings, contents))
        _fetch_plugins(progress, PluginWheels.of(settings))


def _fetch_plugins(progress: Progress, wheels: PluginWheels) -> None:
    if not wheels.words or wheels.folder.is_dir():
        return
    with progress.step("Fetching the plugins"):
        wheels.fetch(read_object)


def _install_lambda_packages(
    progress: Progress, places: Places, environment: Mapping[str, str], build: LambdaBuild
) -> None:
    if build.packages.is_dir():
        return
    with progress.step(f"Downloading the packages of the {build.contents.name}'s Lambda") as step:
        commands.run(
            step,
            (sys.executable, *shlex.split(build.command)[1:]),
            environment=environment,
            directory=ROOT,
            log=places.logs / "lambda-packages.log",
            seconds=DOWNLOAD_SECONDS,
            advice=NETWORK,
        )
