from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local import environment_file
from local.deployment import deployment
from local.surroundings import of_clients
from tilework.aws.settings import Deployment

if TYPE_CHECKING:
    from pathlib import Path

OUTPUTS = {
    "InputBucket": "in",
    "OutputBucket": "out",
    "JobsQueueUrl": "http://localhost:1/000000000000/jobs",
    "UnitsQueueUrl": "http://localhost:1/000000000000/units",
    "ResultsQueueUrl": "http://localhost:1/000000000000/results",
    "DeadLetterQueueUrl": "http://localhost:1/000000000000/dead",
    "JobTable": "table",
    "ApiUrl": "http://x/",
}
ENDPOINT = "http://127.0.0.1:4599"


def environment() -> dict[str, str]:
    return {
        **of_clients(ENDPOINT),
        **deployment(OUTPUTS, ENDPOINT).to_environment(),
        "TILEWORK_URL": "http://127.0.0.1:8000",
    }


def test_a_client_finds_the_deployment_in_the_file(tmp_path: Path) -> None:
    environment_file.write(tmp_path / "local.env", environment())
    assert Deployment.from_environment(environment_file.read(tmp_path / "local.env")) == deployment(
        OUTPUTS, ENDPOINT
    )


def test_the_file_has_exactly_the_promised_names(tmp_path: Path) -> None:
    environment_file.write(tmp_path / "local.env", environment())
    names = [line.partition("=")[0] for line in (tmp_path / "local.env").read_text().splitlines()]
    assert names == [
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "TILEWORK_INPUT_BUCKET",
        "TILEWORK_OUTPUT_BUCKET",
        "TILEWORK_JOBS_QUEUE_URL",
        "TILEWORK_UNITS_QUEUE_URL",
        "TILEWORK_RESULTS_QUEUE_URL",
        "TILEWORK_DEAD_LETTER_QUEUE_URL",
        "TILEWORK_JOB_TABLE",
        "TILEWORK_URL",
    ]


def test_no_half_file_is_ever_seen(tmp_path: Path) -> None:
    incomplete = environment()
    del incomplete["TILEWORK_URL"]
    with pytest.raises(KeyError):
        environment_file.write(tmp_path / "local.env", incomplete)
    assert list(tmp_path.iterdir()) == []


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    environment_file.remove(tmp_path / "local.env")
    with pytest.raises(FileNotFoundError):
        environment_file.read(tmp_path / "local.env")
