"""The embedded AWS with permissions enforced, and the whole stack deployed to it by the CDK's own command line."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from local import commands, emulator, toolchain
from local.deployment import deployment, resources_so_far
from local.emulator import Data
from local.settings import CONTEXT, ROOT, LocalSettings
from local.surroundings import ACCOUNT, CREDENTIALS, REGION, of_children, of_clients
from stacks.settings_reading import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.progress import Progress
    from tilework.aws.settings import Deployment

SECONDS: Final = 300.0
"""For each command: a generous limit against hanging."""

LEFT_TO_THE_STACK: Final = ("keeper", "preview", "bucket_prefix")
"""Of what `make run` deploys with: here keeper and preview are Lambdas, and buckets are named by CloudFormation."""

ROOT_KEYS: Final = {name.lower(): value for name, value in CREDENTIALS.items()}

STACK: Final = "tilework-dev"


class Stage:
    """``told`` are further settings of the deploy; everything lies in ``folder``, and goes with :meth:`clear`."""

    def __init__(self, folder: Path, progress: Progress, **told: str) -> None:
        self._progress = progress
        self.places = LocalSettings.from_environment({"TILEWORK_STATE": str(folder)}).places
        for place in (self.places.logs, self.places.run, self.places.temporary, self.places.emulator):
            place.mkdir(parents=True, exist_ok=True)
        self.settings = {k: v for k, v in CONTEXT.items() if k not in LEFT_TO_THE_STACK} | told
        self.environment = of_children(os.environ, self.places)
        toolchain.install(progress, self.places, self.environment, read(self.settings.get, {}))
        self.outputs: dict[str, str] = {}
        with progress.step("Starting the embedded AWS, permissions enforced") as step:
            self._emulator = emulator.start(
                step, Data(self.places.emulator / "state", self.places.emulator / "objects"), port=None,
                environment={**self.environment, "AUTH": "true"}, directory=self.places.run,
                log=self.places.logs / "emulator.log",
            )  # fmt: skip

    @property
    def endpoint(self) -> str:
        return self._emulator.endpoint

    @property
    def deployment(self) -> Deployment:
        return deployment(self.outputs, self.endpoint)

    @property
    def api_url(self) -> str:
        """The API's address at the embedded AWS's own."""
        api_id = (urlsplit(self.outputs["ApiUrl"]).hostname or "").partition(".")[0]
        return f"{self.endpoint}/_aws/execute-api/{api_id}/$default"

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """A client with ``credentials``, by default those of the account's root; {} signs nothing. It tries once."""
        own = credentials if credentials is not None else ROOT_KEYS
        signed: dict[str, Any] = {"signature_version": "s3v4"} if service == "s3" else {}
        if not own:
            signed = {"signature_version": UNSIGNED}
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **signed)
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, config=config, **own)

    def bootstrap(self) -> None:
        self._cdk("Bootstrapping", ("bootstrap", f"aws://{ACCOUNT}/{REGION}"), self.places.run)

    def deploy(self, title: str = "Deploying the stack", app: str = "app.py", **told: str) -> None:
        """Deploy, or change what is there; raises SetupError where CloudFormation rolls back."""
        outputs = self.places.run / "outputs.json"
        options = ["--outputs-file", str(outputs), "--require-approval", "never"]
        self._cdk(title, ("deploy", *self._of_app(app, self.settings | told), *options), ROOT)
        (self.outputs,) = json.loads(outputs.read_text()).values()

    def destroy(self) -> None:
        self._cdk("Destroying", ("destroy", "--force", *self._of_app("app.py", self.settings)), ROOT)

    def status(self) -> str:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return str(stack["StackStatus"])

    def failed(self) -> set[str]:
        """The logical ids of all that could not be made or changed."""
        pages = self.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=STACK)
        events = [one for page in pages for one in page["StackEvents"]]
        failed = {one["LogicalResourceId"] for one in events if one["ResourceStatus"].endswith("_FAILED")}
        return failed - {STACK}

    def resources(self) -> dict[str, str]:
        """The physical id of each resource, by its logical one."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        found = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def clear(self) -> None:
        """End the embedded AWS, which has nothing to keep; the logs stay."""
        self._emulator.stop(hurry=lambda: True)
        for place in (self.places.emulator, self.places.run, self.places.temporary):
            shutil.rmtree(place, ignore_errors=True)

    def _of_app(self, app: str, settings: Mapping[str, str]) -> list[str]:
        context = [word for name, value in settings.items() for word in ("--context", f"{name}={value}")]
        return ["--app", f"{sys.executable} {app}", "--output", str(self.places.run / "cdk.out"), *context]

    def _cdk(self, title: str, arguments: tuple[str, ...], directory: Path) -> None:
        variables = {
            **self.environment,
            **of_clients(self.endpoint),
            **toolchain.cdk_environment(self.places),
            "HOME": str(self.places.cache),
            "PYTHONPATH": str(ROOT),
        }
        log = self.places.logs / f"{title.partition(' ')[0].lower()}.log"
        with self._progress.step(title) as step:
            commands.run(
                step, (*toolchain.cdk_command(self.places), *arguments, "--progress", "events", "--no-color"),
                environment=variables, directory=directory, log=log, seconds=SECONDS,
                advice=f"Read {self.places.logs / 'emulator.log'}.", detail=resources_so_far,
            )  # fmt: skip
