"""A deployment is read from the environment once, and says what it misses."""

from __future__ import annotations

import pickle

import pytest

from tilework.aws.settings import NAMES, Deployment
from tilework.errors import SettingsError

COMPLETE = {name: f"the-{setting}" for setting, name in NAMES.items()}


def test_a_complete_environment_makes_a_deployment() -> None:
    deployment = Deployment.from_environment(COMPLETE | {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    assert deployment.input_bucket == "the-input_bucket"
    assert deployment.endpoint_url == "http://127.0.0.1:4566"
    assert Deployment.from_environment(COMPLETE).endpoint_url is None


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError) as raised:
        Deployment.from_environment({"TILEWORK_JOB_TABLE": " "})
    assert all(name in raised.value.reason for name in NAMES.values())


def test_the_default_region_stands_in_for_the_region() -> None:
    without = {name: value for name, value in COMPLETE.items() if name != "AWS_REGION"}
    assert (
        Deployment.from_environment(without | {"AWS_DEFAULT_REGION": "eu-central-1"}).region == "eu-central-1"
    )


def test_an_endpoint_that_is_no_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL"):
        Deployment.from_environment(COMPLETE | {"AWS_ENDPOINT_URL": "127.0.0.1:4566"})


@pytest.mark.parametrize("endpoint", [None, "https://aws.example"])
def test_a_deployment_crosses_to_another_process(endpoint: str | None) -> None:
    environment = COMPLETE | ({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    deployment = Deployment.from_environment(environment)
    assert deployment.to_environment() == environment
    assert pickle.loads(pickle.dumps(deployment)) == deployment  # noqa: S301 -- our own


def test_how_long_a_service_may_be_silent_crosses_to_another_process() -> None:
    environment = COMPLETE | {"TILEWORK_SILENCE_SECONDS": "1.5"}
    deployment = Deployment.from_environment(environment)
    assert deployment.silence_seconds == 1.5
    assert deployment.to_environment() == environment


def test_how_long_the_table_remembers_crosses_to_another_process() -> None:
    assert Deployment.from_environment(COMPLETE).table_memory_days == 0
    environment = COMPLETE | {"TILEWORK_TABLE_MEMORY_DAYS": "90.0"}
    deployment = Deployment.from_environment(environment)
    assert deployment.table_memory_days == 90
    assert deployment.to_environment() == environment
