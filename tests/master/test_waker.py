"""What wakes the fleet and sends it to sleep, on a real system of queues and an Auto Scaling group of moto's or ministack's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from master import wake_handler
from master.app import create_app
from master.fleet_steps import IDLE_SECONDS
from master.settings import MasterSettings
from master.wake_handler import Looks
from master.waker import ASKED_SECONDS, Waker, waker_of
from tests.aws.fleets import make_fleet
from tests.conftest import REGION
from tests.master.conftest import Client
from tilework.aws.connect import connect
from tilework.aws.fleet_size import Fleet, connect_fleet
from tilework.aws.settings import NAMES, Deployment
from tilework.errors import AccessDeniedError, ServiceError, SettingsError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from master.waker import Group
    from tests.conftest import EmbeddedAws
    from tests.master.conftest import Clock, World
    from tilework.errors import TileworkError

GROUP = "workers"
ADDRESSES = {"AWS_REGION": REGION, **dict.fromkeys(NAMES.values(), "https://example.org/a")}
WANTED = {"filename": "photo.jpg", "pipeline": "blur(9)"}


@pytest.fixture
def group(aws_credentials: None) -> Iterator[Group]:
    with mock_aws():
        make_fleet(boto3.client("autoscaling", REGION), boto3.client("ec2", REGION), GROUP, hosts=0)
        yield connect_fleet(REGION, GROUP)


@pytest.fixture
def waker(world: World, group: Group, clock: Clock) -> Waker:
    return Waker(world.system, group, clock=clock)


class Silent:
    """A group that does not answer, and counts who asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error or ServiceError("Could not look at the fleet: it is silent")
        self.asked = 0

    def look(self) -> Fleet:
        self.asked += 1
        raise self.error

    def want(self, hosts: int) -> None:
        raise AssertionError(hosts)

    def note_idle(self, since: float | None) -> None:
        raise AssertionError(since)


@pytest.mark.parametrize("queue", ["jobs", "units"])
def test_a_message_in_either_queue_wakes_a_host(world: World, group: Group, waker: Waker, queue: str) -> None:
    waker.look()
    assert group.look().wanted == 0
    getattr(world.system, queue).send("work")
    waker.look()
    assert group.look().wanted == 1


def test_a_fleet_sleeps_ten_minutes_after_its_last_message_was_done_and_not_while_one_is_in_work(
    world: World, group: Group, waker: Waker, clock: Clock
) -> None:
    world.system.jobs.send("work")
    waker.look()
    (message,) = world.system.jobs.receive(visibility=40_000)
    for _ in range(30):
        clock.now += 60
        waker.look()
        assert group.look().wanted == 1
    world.system.jobs.delete([message])
    minutes = 0
    while group.look().wanted:
        clock.now += 60
        minutes += 1
        waker.look()
        assert minutes < 20
    assert IDLE_SECONDS / 60 <= minutes <= IDLE_SECONDS / 60 + 1


def test_work_that_comes_right_after_the_fleet_went_to_sleep_keeps_its_host_for_the_whole_idle_time(
    world: World, group: Group, waker: Waker, clock: Clock
) -> None:
    group.want(1)
    group.note_idle(clock.now - IDLE_SECONDS)
    waker.look()
    assert group.look() == Fleet(0, 8)
    waker.asked()
    for _ in range(int(IDLE_SECONDS / 60)):
        clock.now += 60
        waker.look()
        assert group.look().wanted == 1
    world.system.jobs.send("work, at last")
    clock.now += 60
    waker.look()
    assert group.look().wanted == 1


def test_work_that_waits_for_a_fleet_that_may_start_no_host_is_warned_of(
    world: World, group: Group, waker: Waker, caplog: pytest.LogCaptureFixture
) -> None:
    boto3.client("autoscaling", REGION).suspend_processes(
        AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"]
    )
    waker.look()
    assert not caplog.records
    world.system.jobs.send("work")
    waker.look()
    assert group.look().wanted == 0
    assert "the fleet may start no host" in caplog.text


def test_whoever_looks_next_goes_on_where_another_process_left(
    world: World, group: Group, clock: Clock
) -> None:
    group.want(1)
    for minute in range(int(IDLE_SECONDS / 60) + 1):
        assert group.look().wanted == 1, minute
        Waker(world.system, group, clock=clock).look()
        clock.now += 60
    assert group.look().wanted == 0


def test_asking_for_an_upload_wakes_a_host_before_any_image_is_there(
    world: World, group: Group, waker: Waker, settings: MasterSettings, clock: Clock
) -> None:
    client = Client(create_app(settings, world.system, clock, waker=waker))
    assert client.post("/api/uploads", json=WANTED).status_code == 201
    assert group.look().wanted == 1


def test_asking_leaves_a_fleet_that_works_as_it_is(group: Group, waker: Waker) -> None:
    group.want(5)
    waker.asked()
    assert group.look().wanted == 5


@pytest.mark.parametrize("error", [None, ZeroDivisionError("on purpose")])
def test_an_upload_does_not_fail_because_the_fleet_cannot_be_woken(
    world: World, settings: MasterSettings, clock: Clock, error: Exception | None
) -> None:
    group = Silent(error)
    waker = Waker(world.system, group, clock=clock)
    client = Client(create_app(settings, world.system, clock, waker=waker))
    assert client.post("/api/uploads", json=WANTED).status_code == 201
    assert group.asked == 1


def test_a_page_that_asks_for_hundreds_at_once_has_the_group_looked_at_once(
    world: World, clock: Clock
) -> None:
    group = Silent()
    waker = Waker(world.system, group, clock=clock)
    for _ in range(300):
        waker.asked()
    assert group.asked == 1
    clock.now += ASKED_SECONDS
    waker.asked()
    assert group.asked == 2


def test_who_asks_while_another_one_waits_for_the_group_does_not_wait(world: World, clock: Clock) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(Silent):
        def look(self) -> Fleet:
            entered.set()
            leave.wait(30)
            return super().look()

    waker = Waker(world.system, Slow(), clock=clock)
    first = threading.Thread(target=waker.asked)
    first.start()
    assert entered.wait(30)
    waker.asked()
    assert first.is_alive()
    leave.set()
    first.join()


def test_who_waits_for_an_upload_has_the_hasty_client_and_the_look_of_the_minute_the_patient_one(
    world: World, group: Group
) -> None:
    hasty = Silent()
    waker = Waker(world.system, group, hasty=hasty)
    world.system.jobs.send("work")
    assert waker.look().hosts == 1
    assert hasty.asked == 0
    waker.asked()
    assert hasty.asked == 1


def test_a_look_that_fails_is_a_warning_since_the_next_one_comes_and_an_error_after_a_quarter_of_an_hour(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    group = Silent(ThrottledError("Could not look at the fleet: Rate exceeded (Throttling)"))
    looks = Looks(Waker(world.system, group))
    for _ in range(14):
        assert looks.take() is None
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    with pytest.raises(ThrottledError):
        looks.take()


def test_a_look_that_succeeds_lets_the_next_failures_be_warnings_again(world: World, group: Group) -> None:
    looks = Looks(Waker(world.system, group), failed=14)
    assert looks.take() is not None
    assert looks.failed == 0


@pytest.mark.parametrize("error", [SettingsError("There is no group."), AccessDeniedError("Not allowed.")])
def test_a_look_that_no_time_will_mend_is_an_error_at_once(world: World, error: TileworkError) -> None:
    with pytest.raises(type(error)):
        Looks(Waker(world.system, Silent(error))).take()


def test_on_one_machine_there_is_no_fleet_and_nobody_is_asked(world: World, settings: MasterSettings) -> None:
    assert waker_of(settings, Deployment.from_environment(ADDRESSES), world.system) is None


@pytest.fixture
def deployed(
    embedded_aws: EmbeddedAws,
    deploy: Callable[[str | None], Deployment],
    monkeypatch: pytest.MonkeyPatch,
    logging_restored: None,
) -> Iterator[tuple[Deployment, str]]:
    deployment = deploy(embedded_aws.endpoint_url)
    name = deployment.job_table.replace("-jobs", "-workers")
    scaling, ec2 = (
        boto3.client(kind, REGION, endpoint_url=embedded_aws.endpoint_url) for kind in ("autoscaling", "ec2")
    )
    make_fleet(scaling, ec2, name, hosts=0)
    for variable, value in {**deployment.to_environment(), "TILEWORK_FLEET_GROUP": name}.items():
        monkeypatch.setenv(variable, value)
    wake_handler._looks.cache_clear()
    yield deployment, name
    wake_handler._looks.cache_clear()


def answered(event: dict[str, Any]) -> dict[str, Any]:
    told = wake_handler.handler(event, None)
    assert told is not None
    return told


def test_the_function_that_lambda_calls_each_minute_wakes_and_sends_to_sleep(
    deployed: tuple[Deployment, str],
) -> None:
    deployment, name = deployed
    group = connect_fleet(REGION, name, deployment.endpoint_url)
    event: dict[str, Any] = {"detail-type": "Scheduled Event", "detail": {}}
    jobs = connect(deployment).jobs
    # S3's own word that it will tell of drops
    jobs.delete(jobs.receive(wait=5))
    assert wake_handler.handler(event, None) == {"hosts": None, "idle_since": None}
    jobs.send("work")
    assert answered(event)["hosts"] == 1
    assert group.look().wanted == 1
    jobs.delete(jobs.receive())
    assert answered(event)["idle_since"] is not None
    group.note_idle(1.0)
    assert answered(event)["hosts"] == 0
    assert group.look() == Fleet(0, 8)


def test_a_look_without_a_fleet_says_what_is_missing(
    deployed: tuple[Deployment, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILEWORK_FLEET_GROUP")
    with pytest.raises(SettingsError, match="TILEWORK_FLEET_GROUP"):
        wake_handler.handler({}, None)
