"""The very stack that `cdk deploy` deploys, deployed by the CDK's own command line to the embedded AWS."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local import commands
from local.settings import CONTEXT, ROOT, Places
from local.surroundings import ACCOUNT, REGION
from local.toolchain import cdk_command
from tilework.aws.settings import Deployment
from tilework.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from local.emulator import Emulator
    from local.progress import Progress

BOOTSTRAP_SECONDS: Final = 120.0
DEPLOY_SECONDS: Final = 180.0

OUTPUTS: Final = {
    "input_bucket": "InputBucket",
    "output_bucket": "OutputBucket",
    "jobs_queue_url": "JobsQueueUrl",
    "units_queue_url": "UnitsQueueUrl",
    "results_queue_url": "ResultsQueueUrl",
    "dead_letter_queue_url": "DeadLetterQueueUrl",
    "job_table": "JobTable",
}
"""The stack's output for each setting of a deployment."""

INPUTS: Final = (
    "app.py",
    "cdk.json",
    "requirements.txt",
    "pyproject.toml",
    "stacks",
    "tilework",
    "master",
    "worker_image",
)
"""All of the checkout that decides on the template and its assets."""

DEPLOY_PREFIX: Final = "TILEWORK_DEPLOY_"

STATE_FILE: Final = "deployment.json"
"""In the emulator's folder: what was deployed last."""

_QUIETLY: Final = ("--progress", "events", "--no-color", "--no-notices")

_EVENT: Final = re.compile(r"\|\s*(\d+)/(\d+)\s*\|.*\|\s*\w+_(?:IN_PROGRESS|COMPLETE)\s*\|")


def deploy(
    progress: Progress, places: Places, emulator: Emulator, environment: Mapping[str, str]
) -> Deployment:
    """Make the embedded AWS hold the stack as the checkout has it; its addresses. Raises SetupError.

    Nothing is done where it holds what was deployed last and nothing that decides on the stack has changed since.
    """
    kept = places.emulator / STATE_FILE
    digest = digest_of_inputs(environment)
    deployed = _kept(kept, digest)
    if deployed is None or not _holds(emulator, deployed["stack"]):
        kept.unlink(missing_ok=True)
        _bootstrap(progress, places, environment)
        outputs = _deploy(progress, places, environment)
        (stack,) = outputs
        deployed = {"digest": digest, "stack": stack, "outputs": outputs[stack]}
        kept.write_text(json.dumps(deployed, indent=1) + "\n")
    return deployment(deployed["outputs"], emulator.endpoint)


def is_whole(places: Places) -> bool:
    """Whether the last deploy came to its end; a stack that is half there cannot be deployed over."""
    return (places.emulator / STATE_FILE).exists()


def forget(places: Places) -> None:
    """The embedded AWS has lost the stack: deploy it next time, whatever has changed."""
    (places.emulator / STATE_FILE).unlink(missing_ok=True)


def deployment(outputs: Mapping[str, str], endpoint: str) -> Deployment:
    """The addresses that the stack's outputs tell, as clients on this machine reach them. Raises SetupError."""
    if missing := [name for name in OUTPUTS.values() if name not in outputs]:
        raise SetupError(f"The stack was deployed, but it has no output named {', '.join(missing)}.")
    found: dict[str, Any] = {setting: outputs[name] for setting, name in OUTPUTS.items()}
    # the embedded AWS tells the address of its first start, under a name that may mean IPv6
    here = urlsplit(endpoint).netloc
    found |= {
        setting: urlsplit(told)._replace(netloc=here).geturl()
        for setting, told in found.items()
        if setting.endswith("_url")
    }
    return Deployment(region=REGION, endpoint_url=endpoint, **found)


def digest_of_inputs(environment: Mapping[str, str]) -> str:
    """A digest of every file and setting that decides on the stack."""
    digest = hashlib.sha256(json.dumps([dict(CONTEXT), sys.version], sort_keys=True).encode())
    for name in sorted(name for name in environment if name.startswith(DEPLOY_PREFIX)):
        digest.update(f"{name}={environment[name]}\n".encode())
    for path in _input_files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _input_files() -> Iterator[Path]:
    for name in INPUTS:
        found = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*"))
        for path in found:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _kept(path: Path, digest: str) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return kept if kept.get("digest") == digest else None


def _holds(emulator: Emulator, stack: str) -> bool:
    """Whether the embedded AWS has the stack, whole."""
    client = boto3.client("cloudformation", endpoint_url=emulator.endpoint, region_name=REGION)
    try:
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    except (ClientError, BotoCoreError):
        return False
    return found["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def _bootstrap(progress: Progress, places: Places, environment: Mapping[str, str]) -> None:
    # from a folder without cdk.json: bootstrapping needs no app
    with progress.step("Bootstrapping the embedded AWS for the CDK") as step:
        commands.run(
            step,
            (
                *cdk_command(places),
                "bootstrap",
                f"aws://{ACCOUNT}/{REGION}",
                "--progress",
                "events",
                "--no-color",
            ),
            environment=environment,
            directory=places.run,
            log=places.logs / "bootstrap.log",
            seconds=BOOTSTRAP_SECONDS,
            advice=_advice(places),
            detail=resources_so_far,
        )


def _deploy(progress: Progress, places: Places, environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    told = places.run / "outputs.json"
    options = ["--app", f"{sys.executable} app.py", "--output", str(places.run / "cdk.out")]
    options += [
        "--outputs-file",
        str(told),
        "--require-approval",
        "never",
        "--progress",
        "events",
        "--no-color",
    ]
    for name, value in CONTEXT.items():
        options += ["--context", f"{name}={value}"]
    with progress.step("Deploying the stack to the embedded AWS") as step:
        step.detail = "synthesizing"
        commands.run(
            step,
            (*cdk_command(places), "deploy", *options),
            environment=environment,
            directory=ROOT,
            log=places.logs / "deploy.log",
            seconds=DEPLOY_SECONDS,
            advice=_advice(places),
            detail=lambda log: resources_so_far(log) or "synthesizing",
        )
    outputs: dict[str, dict[str, str]] = json.loads(told.read_text())
    return outputs


def _advice(places: Places) -> str:
    return (
        f"Read {places.logs / 'emulator.log'} for what the embedded AWS said. "
        "If nothing explains it, `make clean` forgets all jobs and images and starts anew."
    )


def resources_so_far(log: str) -> str:
    """How far a deploy is, from what the CDK command line has written: ``"12 of 48 resources"``."""
    counts = [match for match in map(_EVENT.search, log.splitlines()) if match]
    if not counts:
        return ""
    done, total = counts[-1].groups()
    # an update counts all resources as done, and those that change as the total
    return f"{done} of {total} resources" if int(done) <= int(total) else f"{done} resources"
