"""`tilework doctor` tells a person what a worker host would find, with and without a system."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.cli.conftest import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment


@pytest.fixture
def deployment(
    command: CommandLine, embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment]
) -> Deployment:
    found = deploy(embedded_aws.endpoint_url)
    command.environment |= {**embedded_aws.environment, **found.to_environment(), "NO_PROXY": "127.0.0.1"}
    return found


def health(command: CommandLine, status: int) -> dict[str, str]:
    told = json.loads(command.run("doctor", "--json", status=status).stdout)
    return {one["name"]: one["health"] for one in told["findings"]}


def test_without_a_system_the_machine_is_looked_at_and_nothing_is_left_behind(command: CommandLine) -> None:
    before = sorted(command.folder.iterdir())
    told = command.run("doctor")
    assert "fine  mpiexec" in told.stdout
    assert "Only this machine was looked at." in told.stderr
    assert sorted(command.folder.iterdir()) == before


def test_a_system_that_is_well_is_told_part_by_part(command: CommandLine, deployment: Deployment) -> None:
    found = health(command, 0)
    assert set(found.values()) == {"fine"}
    assert {"mpiexec", "memory", "disk", "shared memory", "job table", "input bucket", "clock"} <= set(found)
    assert sum(name.startswith("queue") for name in found) == 4


def test_what_is_not_there_is_named_with_what_to_do(command: CommandLine, deployment: Deployment) -> None:
    command.environment["TILEWORK_JOB_TABLE"] = "elsewhere"
    told = command.run("doctor", status=1)
    assert "wrong  " in told.stdout
    assert "job table elsewhere" in told.stdout
    assert "deploy the stack" in told.stdout
    assert health(command, 1)["output bucket"] == "fine"


def test_an_input_bucket_without_versions_is_of_the_wrong_kind(
    command: CommandLine, deployment: Deployment
) -> None:
    s3 = boto3.client("s3", endpoint_url=deployment.endpoint_url, region_name=deployment.region)
    s3.create_bucket(Bucket="without-versions")
    command.environment["TILEWORK_INPUT_BUCKET"] = "without-versions"
    assert health(command, 1)["input bucket"] == "wrong"
    assert "keeps no versions" in command.run("doctor", status=1).stdout


def test_services_that_do_not_answer_are_told_apart_from_wrong_ones(
    command: CommandLine, deployment: Deployment
) -> None:
    command.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    found = health(command, 3)
    assert (found["job table"], found["input bucket"], found["mpiexec"]) == ("no answer", "no answer", "fine")
