from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.host_health import LIVES_SECONDS, PATIENCE_SECONDS
from stacks.settings import Settings
from stacks.worker_host import DISK, STOP_SECONDS, SYSTEM_MIB, USER
from tests.stacks.reading import may, only, resources, statements, text
from tilework.aws.settings import Deployment
from tilework.checks.ranks import usual_ranks
from tilework.imaging.limits import GIB, MIB, Limits
from worker_image.departure import EXIT_SECONDS
from worker_image.membership import ENTRANCE_SECONDS, HEARTBEAT_SECONDS
from worker_image.settings import START_SECONDS, WorkerSettings
from worker_image.supervisor import TAKEN_LAST

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/tilework:3"


def launch(template: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = only(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    return data


def user_data(template: dict[str, Any]) -> str:
    return text(launch(template)["UserData"])


def container_environment(template: dict[str, Any]) -> dict[str, str]:
    found = re.search(r"worker\.env <<'END'\n(.*?)\nEND\n", user_data(template), re.DOTALL)
    assert found
    return dict(line.split("=", 1) for line in found[1].splitlines())


def test_credentials_of_a_host_are_out_of_reach_of_forged_requests_and_of_other_hosts(
    template: dict[str, Any],
) -> None:
    options = launch(template)["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)


def test_disks_are_encrypted(template: dict[str, Any]) -> None:
    (device,) = launch(template)["BlockDeviceMappings"]
    assert device["Ebs"]["Encrypted"] is True
    assert device["Ebs"]["VolumeType"] == "gp3"


def test_nobody_has_a_key_to_a_host_but_people_may_be_let_in_by_session_manager(
    template: dict[str, Any],
) -> None:
    assert "KeyName" not in launch(template)
    assert may(template, "WorkersRole", "ssmmessages:OpenDataChannel", "*")
    # what the broad managed policy would give as well
    for action in ("ssm:GetParameter", "ssm:PutInventory", "ec2messages:GetMessages", "ssm:SendCommand"):
        assert not may(template, "WorkersRole", action, "*")


def test_no_metric_is_paid_that_nothing_goes_by(template: dict[str, Any]) -> None:
    assert launch(template)["Monitoring"] == {"Enabled": False}


def test_a_base_of_hosts_that_are_never_spot_can_be_asked_for(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    def base(template: dict[str, Any]) -> tuple[int, int]:
        policy = only(template, "AWS::AutoScaling::AutoScalingGroup")["MixedInstancesPolicy"]
        distribution = policy["InstancesDistribution"]
        return distribution["OnDemandBaseCapacity"], distribution["OnDemandPercentageAboveBaseCapacity"]

    assert base(template) == (0, 0)
    assert base(synthesize(Settings(on_demand_base=2, spot_percent=75))) == (2, 25)


def test_hosts_are_taken_from_several_zones_and_replaced_before_they_are_lost(
    template: dict[str, Any],
) -> None:
    group = only(template, "AWS::AutoScaling::AutoScalingGroup")
    assert len(group["VPCZoneIdentifier"]) >= 2
    assert group["CapacityRebalance"] is True


def test_a_deploy_does_not_reset_how_many_hosts_there_are(template: dict[str, Any]) -> None:
    group = only(template, "AWS::AutoScaling::AutoScalingGroup")
    assert "DesiredCapacity" not in group
    assert group["MinSize"] == "0"


def test_there_are_never_more_hosts_than_was_said(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    group = only(synthesize(other_settings()), "AWS::AutoScaling::AutoScalingGroup")
    assert group["MaxSize"] == "3"


def test_spot_hosts_of_several_kinds_are_taken_where_there_are_most(template: dict[str, Any]) -> None:
    policy = only(template, "AWS::AutoScaling::AutoScalingGroup")["MixedInstancesPolicy"]
    distribution = policy["InstancesDistribution"]
    assert distribution["SpotAllocationStrategy"] == "price-capacity-optimized"
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == 0
    assert "SpotMaxPrice" not in distribution
    assert len(policy["LaunchTemplate"]["Overrides"]) >= 4


def test_the_metrics_that_scaling_divides_by_are_switched_on(template: dict[str, Any]) -> None:
    (collection,) = only(template, "AWS::AutoScaling::AutoScalingGroup")["MetricsCollection"]
    assert collection["Granularity"] == "1Minute"
    assert "Metrics" not in collection  # all of them


def test_a_container_is_told_all_that_a_worker_reads(template: dict[str, Any]) -> None:
    environment = container_environment(template)
    deployment = Deployment.from_environment(environment)
    assert deployment.jobs_queue_url.startswith("<QueuesJobs")
    assert deployment.units_queue_url.startswith("<QueuesUnits")
    assert deployment.results_queue_url.startswith("<QueuesResults")
    assert deployment.dead_letter_queue_url.startswith("<QueuesDeadLetters")
    assert deployment.input_bucket.startswith("<StorageInput")
    assert deployment.output_bucket.startswith("<StorageOutput")
    assert deployment.job_table.startswith("<JobTable")
    assert environment["TILEWORK_LEASE_SECONDS"] == str(Settings().lease_seconds)
    assert environment["TILEWORK_DEFAULT_PIPELINE"] == Settings().default_pipeline
    assert "TILEWORK_EXTRA_OPERATIONS" not in environment
    settings = WorkerSettings.from_environment(environment)
    assert (settings.logs.level, settings.deployment_name) == ("INFO", "tilework-dev")
    assert "--log-driver awslogs" in user_data(template)
    assert "--log-opt awslogs-format=json/emf" in user_data(template)


def test_a_host_is_told_whose_member_it_is_and_where_notices_come_from(template: dict[str, Any]) -> None:
    environment = container_environment(template)
    group = only(template, "AWS::AutoScaling::AutoScalingGroup")
    assert environment["TILEWORK_FLEET_GROUP"] == group["AutoScalingGroupName"]
    assert environment["TILEWORK_LAUNCH_HOOK"] == hook_of(template, "LAUNCHING")["LifecycleHookName"]
    assert environment["TILEWORK_TERMINATION_HOOK"] == hook_of(template, "TERMINATING")["LifecycleHookName"]
    assert environment["TILEWORK_METADATA_URL"] == "http://169.254.169.254"


def hook_of(template: dict[str, Any], when: str) -> dict[str, Any]:
    (hook,) = (
        resource["Properties"]
        for resource in resources(template, "AWS::AutoScaling::LifecycleHook").values()
        if resource["Properties"]["LifecycleTransition"] == f"autoscaling:EC2_INSTANCE_{when}"
    )
    return dict(hook)


def test_a_host_is_in_service_once_it_takes_work_and_one_that_never_does_is_replaced(
    template: dict[str, Any],
) -> None:
    hook = hook_of(template, "LAUNCHING")
    assert hook["DefaultResult"] == "ABANDON"
    # a worker waits for services that do not answer, and is started again once, before its host is given up
    assert 2 * START_SECONDS <= hook["HeartbeatTimeout"] == ENTRANCE_SECONDS


def test_a_host_gives_up_its_place_only_where_neither_a_start_nor_a_drain_can_be_meant() -> None:
    assert LIVES_SECONDS > START_SECONDS
    assert max(ENTRANCE_SECONDS, 2 * LIVES_SECONDS, STOP_SECONDS) < PATIENCE_SECONDS


def test_a_termination_waits_for_a_host_that_drains_and_not_long_for_one_that_is_dead(
    template: dict[str, Any],
) -> None:
    hook = hook_of(template, "TERMINATING")
    assert hook["DefaultResult"] == "CONTINUE"
    assert 2 * HEARTBEAT_SECONDS < hook["HeartbeatTimeout"] <= 60


@pytest.mark.parametrize(
    "action",
    [
        "SetInstanceProtection",
        "RecordLifecycleActionHeartbeat",
        "CompleteLifecycleAction",
        "TerminateInstanceInAutoScalingGroup",
    ],
)
def test_a_host_may_speak_of_itself_to_its_own_group_only(template: dict[str, Any], action: str) -> None:
    groups = "arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:autoScalingGroup"
    name = only(template, "AWS::AutoScaling::AutoScalingGroup")["AutoScalingGroupName"]
    assert may(template, "WorkersRole", f"autoscaling:{action}", f"{groups}:*:autoScalingGroupName/{name}")
    assert not may(template, "WorkersRole", f"autoscaling:{action}", f"{groups}:*:autoScalingGroupName/other")


def test_a_container_is_killed_only_after_its_supervisor_must_have_left(template: dict[str, Any]) -> None:
    stop = re.search(r"--stop-timeout (\d+)", user_data(template))
    assert stop
    assert EXIT_SECONDS < int(stop[1]) < 120


def test_the_kernel_takes_ranks_before_the_supervisor(template: dict[str, Any]) -> None:
    assert f"--oom-score-adj {TAKEN_LAST}" in user_data(template)


def test_own_operations_reach_the_container(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    environment = container_environment(synthesize(other_settings()))
    assert environment["TILEWORK_EXTRA_OPERATIONS"] == "acme.operations"


@pytest.mark.parametrize(
    "option",
    [
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--restart always",
        "--network host",
        "--user 10001",
        "--init",
        '--memory "${memory}m" --memory-swap "${memory}m"',
        "--pids-limit 4096",
        "--shm-size 1g",
        "--ulimit core=0",
    ],
)
def test_a_container_has_no_more_than_it_needs_and_comes_back(template: dict[str, Any], option: str) -> None:
    assert option in user_data(template)


def test_what_is_decoded_beside_memory_lies_on_the_disk_and_what_ranks_share_in_memory(
    template: dict[str, Any],
) -> None:
    directory = container_environment(template)["TILEWORK_DIRECTORY"]
    assert f"--volume {DISK}:{directory} " in user_data(template)
    assert f"--tmpfs {directory}/world:uid={USER},mode=0700 " in user_data(template)


def test_a_host_of_four_processors_and_8_gib_has_five_ranks() -> None:
    # what the firmware and the kernel leave of it, and what the container leaves to the system
    memory = int(7.6 * GIB) - SYSTEM_MIB * MIB
    assert usual_ranks(4, memory, Limits()) == 5


def test_the_container_runs_as_the_user_that_its_image_was_made_for(template: dict[str, Any]) -> None:
    dockerfile = (ROOT / "worker_image" / "Dockerfile").read_text()
    assert f"--uid {USER} " in dockerfile


def test_a_rank_that_yielded_to_photos_may_come_back_without_a_capability(template: dict[str, Any]) -> None:
    # 20 less the limit is the least niceness that a process may give itself
    assert "--ulimit nice=20 " in user_data(template)


def test_the_user_data_is_a_script_that_a_shell_understands(template: dict[str, Any], tmp_path: Path) -> None:
    script = tmp_path / "user-data"
    script.write_text(re.sub(r"<(?!<)([\w:]+)>", r"\1", user_data(template)))
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_given_image_is_the_one_that_runs_and_the_only_one_that_may_be_pulled(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    template = synthesize(other_settings())
    assert user_data(template).rstrip().endswith(URI)
    assert f"docker login --username AWS --password-stdin {URI.partition('/')[0]}" in user_data(template)
    ours = "arn:<AWS::Partition>:ecr:eu-west-1:123456789012:repository/acme/tilework"
    assert may(template, "WorkersRole", "ecr:BatchGetImage", ours)
    assert not may(template, "WorkersRole", "ecr:BatchGetImage", f"{ours}-secret")


def test_a_public_image_needs_no_registry_of_ours(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    template = synthesize(Settings(emulated=True, worker_image_uri="ghcr.io/acme/tilework:3"))
    assert "docker login" not in user_data(template)
    assert not [item for item in statements(template, "WorkersRole") if "ecr:" in str(item["Action"])]


def other_settings() -> Settings:
    return Settings(
        maximum_hosts=3,
        worker_image_uri=URI,
        extra_operations="acme.operations",
        architecture="arm64",
        instance_types=("c7g.large", "m8g.large"),
    )


def test_graviton_hosts_run_graviton_code(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    template = synthesize(other_settings())
    assert launch(template)["ImageId"].endswith("-arm64")
    overrides = only(template, "AWS::AutoScaling::AutoScalingGroup")["MixedInstancesPolicy"]["LaunchTemplate"]
    assert [item["InstanceType"] for item in overrides["Overrides"]] == ["c7g.large", "m8g.large"]
    function = only(template, "AWS::Lambda::Function", under="MasterApi")
    assert function["Architectures"] == ["arm64"]
