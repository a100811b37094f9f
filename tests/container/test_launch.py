"""The container is started here as on a host, and all that is otherwise is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.worker_host import WorkerHost
from tests.container.launch import SYS_RESOURCE, Launch, UserData, locally

URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/tilework:3"
OWN = {"AWS_REGION": "eu-west-1", "TILEWORK_DEFAULT_PIPELINE": "blur(9) | canny(1, 2)"}
SCRIPT = WorkerHost(
    image_uri=URI, registry=URI.partition("/")[0], region="eu-west-1", log_group="workers", environment=OWN
).script()


def launch(*, may_raise: bool) -> Launch:
    return locally(
        UserData.read(SCRIPT), image="here", environment_file=Path("/run/worker.env"),
        variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, may_raise=may_raise,
    )  # fmt: skip


def words(options: list[tuple[str, ...]]) -> list[str]:
    return [word for option in options for word in option]


def test_the_user_data_are_read_whole() -> None:
    data = UserData.read(SCRIPT)
    assert (data.environment, data.image) == (OWN, URI)
    told = SCRIPT[SCRIPT.index("docker run ") :].replace("\\\n", " ").split()
    assert ["docker", "run", *words(data.options), data.image] == told


def test_all_options_are_taken_but_those_that_need_aws() -> None:
    data, made = UserData.read(SCRIPT), launch(may_raise=True)
    kept = [option for option in data.options if not option[0].startswith(("--log-", "--env-file"))]
    assert len(kept) > 10
    rest = list(made.command)
    for word in ["run", *words(kept), "--env-file", "/run/worker.env", "--log-driver", "json-file", "here"]:
        rest.remove(word)
    assert rest == []
    assert made.environment == {**OWN, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    "option", ["--log-driver awslogs", "--log-opt", URI, "AWS_ENDPOINT_URL", "/run/worker.env"]
)
def test_what_is_otherwise_is_told(option: str) -> None:
    assert any(option in difference for difference in launch(may_raise=True).differences)


def test_what_this_machine_forbids_is_left_out_and_told() -> None:
    free, bound = launch(may_raise=True), launch(may_raise=False)
    left_out = [word for word in free.command if word not in bound.command]
    assert left_out == ["--ulimit", "nice=20", "--oom-score-adj", "-500"]
    told = [line for line in bound.differences if line not in free.differences]
    assert [word for line in told for word in line.partition(":")[0].split()[1:]] == left_out
    # linux/capability.h
    assert SYS_RESOURCE == 24
