from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local import deployment
from tests.local.test_environment_file import ENDPOINT, OUTPUTS
from tilework.errors import SetupError

EVENTS = """
Tilework: deploying... [1/1]
tilework-dev |  0/67 | 2:31:43 AM | REVIEW_IN_PROGRESS   | AWS::CloudFormation::Stack | tilework-dev
tilework-dev | 12/67 | 2:31:45 AM | CREATE_COMPLETE      | AWS::S3::Bucket            | Tilework/Storage/Input
tilework-dev | 13/67 | 2:31:45 AM | CREATE_IN_PROGRESS   | AWS::SQS::Queue            | Tilework/Queues/Units
"""


def test_queue_addresses_are_those_of_this_start() -> None:
    found = deployment.deployment(OUTPUTS, ENDPOINT)
    assert found.jobs_queue_url == f"{ENDPOINT}/000000000000/jobs"
    assert found.endpoint_url == ENDPOINT
    assert (found.input_bucket, found.output_bucket, found.job_table) == ("in", "out", "table")


def test_an_output_that_misses_is_named() -> None:
    with pytest.raises(SetupError, match="JobTable"):
        deployment.deployment(
            {name: value for name, value in OUTPUTS.items() if name != "JobTable"}, ENDPOINT
        )


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("", ""),
        (EVENTS, "13 of 67 resources"),
        (EVENTS.replace("13/67", "13/4"), "13 resources"),
    ],
)
def test_progress_is_read_from_the_events_of_the_command_line(log: str, told: str) -> None:
    assert deployment.resources_so_far(log) == told


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in deployment.INPUTS:
        source = deployment.ROOT / name
        if source.is_file():
            shutil.copy(source, tmp_path)
        else:
            (tmp_path / name).mkdir()
            (tmp_path / name / "module.py").write_text("x = 1\n")
    monkeypatch.setattr(deployment, "ROOT", tmp_path)
    return tmp_path


def test_the_same_checkout_is_not_deployed_twice(checkout: Path) -> None:
    before = deployment.digest_of_inputs({"HOME": "/a"})
    (checkout / "stacks" / "__pycache__").mkdir()
    (checkout / "stacks" / "__pycache__" / "module.pyc").write_bytes(b"x")
    (checkout / "README.md").write_text("other")
    assert deployment.digest_of_inputs({"HOME": "/b"}) == before


@pytest.mark.parametrize("name", deployment.INPUTS)
def test_whatever_decides_on_the_stack_is_deployed_again_when_it_changes(checkout: Path, name: str) -> None:
    before = deployment.digest_of_inputs({})
    path = checkout / name if (checkout / name).is_file() else checkout / name / "module.py"
    path.write_text(path.read_text() + "\n")
    assert deployment.digest_of_inputs({}) != before


def test_a_setting_of_the_deploy_is_deployed_again_when_it_changes(checkout: Path) -> None:
    assert checkout == deployment.ROOT
    assert deployment.digest_of_inputs({"TILEWORK_DEPLOY_NAME": "x"}) != deployment.digest_of_inputs({})
