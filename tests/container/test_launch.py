"""The container is started here as on a host, and all that is otherwise is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stacks.worker_host import WorkerHost
from tests.container.launch import SYS_RESOURCE, Launch, UserData, locally
from tests.stacks.host_namespace import PRIVATE

URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/tilework:3"
OWN = {"AWS_REGION": "eu-west-1", "TILEWORK_DEFAULT_PIPELINE": "blur(9) | canny(1, 2)"}
SCRIPT = WorkerHost(
    image_uri=URI, registry=URI.partition("/")[0], region="eu-west-1", log_group="workers",
    metadata_url="http://127.0.0.1:1", environment=OWN,
).script()  # fmt: skip

pytestmark = pytest.mark.skipif(
    subprocess.run([*PRIVATE, "true"], capture_output=True, check=False).returncode != 0,
    reason="this kernel lets nobody but root have mounts of its own",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> UserData:
    return UserData.run(SCRIPT, tmp_path_factory.mktemp("launch") / "host")


def launch(data: UserData, *, may_raise: bool) -> Launch:
    return locally(
        data, image="here", folder=Path("/somewhere"), variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        may_raise=may_raise,
    )  # fmt: skip


def test_all_options_are_taken_but_those_that_need_aws(data: UserData) -> None:
    made = launch(data, may_raise=True)
    moved = ("--log-", "--env-file", "--volume")
    kept = [option for option in data.options if not option[0].startswith(moved)]
    assert len(kept) > 10
    rest = list(made.command)
    ours = ["--env-file", "/somewhere/worker.env", "--volume", "/somewhere/scratch:/tmp/tilework-world"]
    ours += ["--log-driver", "json-file", "run", "here"]
    for word in [*ours, *(word for option in kept for word in option)]:
        rest.remove(word)
    assert rest == []
    assert data.image == URI
    assert made.environment == {
        **OWN,
        "TILEWORK_DIRECTORY": "/tmp/tilework-world",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }


@pytest.mark.parametrize(
    "option", ["--log-driver awslogs", "--log-opt", URI, "AWS_ENDPOINT_URL", "/somewhere/worker.env"]
)
def test_what_is_otherwise_is_told(data: UserData, option: str) -> None:
    assert any(option in difference for difference in launch(data, may_raise=True).differences)


def test_what_this_machine_forbids_is_left_out_and_told(data: UserData) -> None:
    free, bound = launch(data, may_raise=True), launch(data, may_raise=False)
    forbidden = ["--oom-score-adj -500", "--ulimit nice=20"]
    assert all(each in " ".join(free.command) and each not in " ".join(bound.command) for each in forbidden)
    assert len(free.command) - len(bound.command) == 4
    assert "--ulimit core=0" in " ".join(bound.command)
    told = [line for line in bound.differences if line not in free.differences]
    assert sorted(told) == [f"without {each}: this machine lacks CAP_SYS_RESOURCE" for each in forbidden]
    # linux/capability.h
    assert SYS_RESOURCE == 24
