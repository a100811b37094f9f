"""The launch template's user data, run as it stands; only the cloud's own commands are stand-ins."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.host_health import LIVES_SECONDS, PATIENCE_SECONDS
from stacks.settings import Settings
from stacks.worker_host import SYSTEM_MIB
from stacks.workers import METADATA_URL
from tests.faults.ec2_host import INSTANCE, ec2_host
from tests.stacks.host_namespace import PRIVATE, Host, user_data_of
from worker_image.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

URI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/tilework:3"
REGISTRY = URI.partition("/")[0]

LEAVES = [
    "aws", "autoscaling", "terminate-instance-in-auto-scaling-group", "--region", "eu-central-1",
    "--instance-id", INSTANCE,
]  # fmt: skip

HEALTH = "bash /etc/tilework/health"
SHOW = (
    "stat --format '%a %n' /etc/tilework /etc/tilework/worker.env /var/lib/tilework /var/lib/tilework/scratch"
)

pytestmark = pytest.mark.skipif(
    subprocess.run([*PRIVATE, "true"], capture_output=True, check=False).returncode != 0,
    reason="this kernel lets nobody but root have mounts of its own",
)


@pytest.fixture(scope="module")
def user_data(synthesize: Callable[[Settings], dict[str, Any]]) -> str:
    return user_data_of(synthesize(Settings(worker_image_uri=URI)))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    folder = tmp_path / "host"
    folder.mkdir()
    return Host(folder)


def flags(call: list[str]) -> set[str]:
    """The options of a docker run, each with its value."""
    found: list[str] = []
    for word in call[2:-1]:
        if word.startswith("--"):
            found.append(word)
        else:
            found[-1] += f" {word}"
    return set(found)


def test_a_host_starts_its_worker_in_a_container_that_may_do_no_more_than_it_needs(
    host: Host, user_data: str
) -> None:
    done = host.run(user_data)
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = host.calls("docker run")
    assert run[-1] == URI
    told = {
        flag for flag in flags(run) if flag.startswith(("--memory", "--log-opt awslogs-group=workerslog"))
    }
    assert len(told) == 3
    assert flags(run) - told == {
        "--detach",
        "--name tilework-worker",
        "--restart always",
        "--init",
        "--stop-timeout 110",
        "--user 10001",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--read-only",
        "--network host",
        "--tmpfs /tmp:mode=1777",
        "--volume /var/lib/tilework/scratch:/tmp/tilework-world",
        "--tmpfs /tmp/tilework-world/world:uid=10001,mode=0700",
        "--shm-size 1g",
        "--pids-limit 4096",
        "--oom-score-adj -500",
        "--ulimit nice=20",
        "--ulimit core=0",
        "--env-file /etc/tilework/worker.env",
        "--log-driver awslogs",
        "--log-opt awslogs-region=eu-central-1",
        "--log-opt awslogs-format=json/emf",
        "--log-opt mode=non-blocking",
    }


def test_the_container_has_the_hosts_memory_but_what_the_system_needs_and_no_swap(
    host: Host, user_data: str
) -> None:
    assert host.run(user_data).returncode == 0
    (run,) = host.calls("docker run")
    total = re.search(r"MemTotal: *(\d+) kB", Path("/proc/meminfo").read_text())
    assert total
    left = f"{int(total[1]) // 1024 - SYSTEM_MIB}m"
    assert {f"--memory {left}", f"--memory-swap {left}"} <= flags(run)


def test_the_worker_can_read_its_settings_and_nobody_but_root_the_file(host: Host, user_data: str) -> None:
    done = host.run(user_data, f"{SHOW}\ncat /etc/tilework/worker.env")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "700 /etc/tilework",
        "600 /etc/tilework/worker.env",
        "700 /var/lib/tilework",
        # the container's user, whom this host does not know
        "777 /var/lib/tilework/scratch",
    ]
    environment = dict(line.split("=", 1) for line in lines[4:])
    settings = WorkerSettings.from_environment(environment)
    assert settings.deployment.region == "eu-central-1"
    assert settings.fleet_group == "tilework-dev-workers"
    assert (settings.launch_hook, settings.termination_hook) == ("take-work", "drain")
    assert settings.metadata_url == METADATA_URL
    assert settings.directory == Path("/tmp/tilework-world")


def test_it_signs_in_to_the_registry_and_pulls_the_image_before_it_is_run(host: Host, user_data: str) -> None:
    assert host.run(user_data).returncode == 0
    assert [call[1] for call in host.calls("docker")] == ["login", "pull", "run"]
    (sign_in,) = host.calls("docker login")
    assert sign_in[-1] == REGISTRY
    assert (host.folder / "password").read_text() == "a-password\n"


def test_docker_is_fetched_only_where_the_machine_image_has_none(host: Host, user_data: str) -> None:
    assert host.run(user_data).returncode == 0
    assert host.calls("dnf") == []
    assert ["systemctl", "enable", "--now", "docker"] in host.calls()


def test_a_machine_image_without_docker_gets_it_first(host: Host, user_data: str) -> None:
    host.has_docker = False
    done = host.run(user_data)
    assert (done.returncode, done.stderr) == (0, "")
    assert ["dnf", "install", "--quiet", "--assumeyes", "docker"] in host.calls("dnf")
    assert len(host.calls("docker run")) == 1


@pytest.mark.parametrize(
    ("command", "tries"),
    [
        ("dnf install", 6),
        ("systemctl enable --now docker", 1),
        ("aws ecr get-login-password", 6),
        ("docker login", 6),
        ("docker pull", 6),
        ("docker run", 1),
    ],
)
def test_what_fails_is_tried_again_where_it_may_pass_and_ends_the_start_all_the_same(
    host: Host, user_data: str, command: str, tries: int
) -> None:
    host.fails_at(command)
    host.has_docker = not command.startswith("dnf")
    done = host.run(user_data)
    assert done.returncode != 0
    assert len(host.calls(command)) == tries
    pauses = [call[1] for call in host.calls("sleep")]
    assert pauses == (["1", "2", "4", "8", "16", "0"] if tries > 1 else [])
    # nothing is run on top of what is not there, and the look at the host's health is there already
    assert len(host.calls("docker run")) == (1 if command == "docker run" else 0)
    assert ["systemctl", "enable", "--now", "tilework-health.timer"] in host.calls("systemctl")


def test_a_registry_that_fails_once_costs_a_second(host: Host, user_data: str) -> None:
    once = 'docker() { if [ $1 = pull ] && [ ! -e /run/failed ]; then touch /run/failed; return 1; fi; command docker "$@"; }'
    done = host.run(user_data.replace("set -euo pipefail", f"set -euo pipefail\n{once}", 1))
    assert done.returncode == 0
    assert len(host.calls("docker run")) == 1


@pytest.mark.parametrize(
    ("lives_for", "ago", "goes"),
    [
        (None, 0, False),
        (None, PATIENCE_SECONDS - 30, False),
        (None, PATIENCE_SECONDS + 30, True),
        # starts again and again
        (LIVES_SECONDS - 60, PATIENCE_SECONDS + 30, True),
        (LIVES_SECONDS + 60, PATIENCE_SECONDS + 30, False),
        (86_400, 7 * PATIENCE_SECONDS, False),
    ],
)
def test_a_host_gives_up_its_place_once_no_worker_has_lived_there_for_long(
    host: Host, user_data: str, lives_for: int | None, ago: int, goes: bool
) -> None:
    with ec2_host() as ec2:
        script = user_data.replace(f"{METADATA_URL}/latest", f"{ec2.url}/latest")
        aged = f"touch --date '{ago} seconds ago' /run/tilework-worker-lived"
        if lives_for is not None:
            since = f"date --utc --date '{lives_for} seconds ago' +%Y-%m-%dT%H:%M:%S.123456789Z"
            aged += f"\n{since} > {host.folder}/started"
        done = host.run(script, aged, HEALTH)
    assert done.returncode == 0, done.stderr
    assert host.calls("aws autoscaling") == (
        [[*LEAVES, "--should-decrement-desired-capacity"]] if goes else []
    )


def test_a_host_that_is_one_more_than_are_wanted_goes_without_lowering_that(
    host: Host, user_data: str
) -> None:
    host.fails_at(" ".join([*LEAVES, "--should-decrement-desired-capacity"]))
    with ec2_host() as ec2:
        script = user_data.replace(f"{METADATA_URL}/latest", f"{ec2.url}/latest")
        done = host.run(script, "touch --date '1 hour ago' /run/tilework-worker-lived", HEALTH)
    assert done.returncode == 0, done.stderr
    assert host.calls("aws autoscaling")[-1] == [*LEAVES, "--no-should-decrement-desired-capacity"]


def test_a_worker_that_lived_a_while_ago_is_waited_for_as_long_as_a_new_one(
    host: Host, user_data: str
) -> None:
    lived = f"date --utc --date '1 hour ago' +%Y-%m-%dT%H:%M:%SZ > {host.folder}/started\n{HEALTH}"
    dies = f"rm {host.folder}/started\n{HEALTH}"
    long_ago = "touch --date '1 hour ago' /run/tilework-worker-lived"
    assert host.run(user_data, long_ago, lived, dies).returncode == 0
    assert host.calls("aws autoscaling") == []


def test_a_host_that_could_not_give_up_its_place_tries_again_a_minute_later(
    host: Host, user_data: str
) -> None:
    host.fails_at("aws autoscaling")
    with ec2_host() as ec2:
        script = user_data.replace(f"{METADATA_URL}/latest", f"{ec2.url}/latest")
        old = "touch --date '1 hour ago' /run/tilework-worker-lived"
        done = host.run(script, old, f"{HEALTH}; {HEALTH}")
    assert done.returncode != 0
    ways = ["--should-decrement-desired-capacity", "--no-should-decrement-desired-capacity"]
    assert host.calls("aws autoscaling") == 2 * [[*LEAVES, way] for way in ways]


def test_the_look_at_a_hosts_health_is_taken_each_minute(host: Host, user_data: str) -> None:
    done = host.run(
        user_data, "cat /etc/systemd/system/tilework-health.service /etc/systemd/system/tilework-health.timer"
    )
    told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert told["ExecStart"] == "/bin/bash /etc/tilework/health"
    assert (told["Type"], told["OnBootSec"], told["OnUnitActiveSec"]) == ("oneshot", "60", "60")
    assert told["WantedBy"] == "timers.target"
