"""What tells a host to leave, what does not, and until when it has what to do."""

from __future__ import annotations

import itertools
import signal

import pytest

from tests.faults.ec2_host import Ec2Host, ec2_host
from tilework.aws.instance_metadata import InstanceMetadata
from tilework.errors import SettingsError
from worker_image.departure import (
    EXIT_SECONDS,
    HAND_BACK_SECONDS,
    LONGEST_DRAIN,
    Departure,
    departure,
)
from worker_image.host_notices import (
    NOTICE_LOOK_SECONDS,
    SPOT,
    Notice,
    NoticeKind,
    Watch,
    orders,
    signalled,
    wait_while_ordered,
)
from worker_image.membership import QUIET_SECONDS, Protection

INTERRUPTION = '{"action": "terminate", "time": "2017-09-18T08:22:00Z"}'
SPOT_TIME = 1505722920.0


def order(**metadata: str) -> list[Notice]:
    return orders({name.replace("_", "-").replace("--", "/"): text for name, text in metadata.items()}.get)


def test_a_spot_interruption_tells_until_when_the_host_is_there() -> None:
    (notice,) = order(spot__instance_action=INTERRUPTION)
    assert (notice.kind, notice.until) == (NoticeKind.SPOT, SPOT_TIME)
    assert "2017-09-18T08:22:00Z" in notice.why


@pytest.mark.parametrize("text", ["", "soon", "[]", '{"action": "stop"}', '{"action": "stop", "time": "x"}'])
def test_a_spot_interruption_that_cannot_be_read_is_one_all_the_same(text: str) -> None:
    (notice,) = order(spot__instance_action=text)
    assert (notice.kind, notice.until) == (NoticeKind.SPOT, None)


@pytest.mark.parametrize("state", ["Terminated", "Warmed:Stopped", "Warmed:Terminated"])
def test_a_group_that_wants_the_host_elsewhere_than_in_service_tells_it_to_leave(state: str) -> None:
    (notice,) = order(autoscaling__target_lifecycle_state=state)
    assert (notice.kind, notice.until) == (NoticeKind.GROUP, None)
    assert state in notice.why


def test_in_service_is_no_order_and_neither_is_a_higher_risk() -> None:
    assert order(autoscaling__target_lifecycle_state="InService") == []
    assert order(events__recommendations__rebalance='{"noticeTime": "2020-10-27T08:22:00Z"}') == []
    assert order() == []


def test_a_worker_started_again_on_a_host_that_goes_takes_nothing_until_the_order_is_gone() -> None:
    metadata = {SPOT: INTERRUPTION}
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            del metadata[SPOT]

    wait_while_ordered(metadata.get, sleep)
    assert waits == [NOTICE_LOOK_SECONDS] * 3


def test_signals_are_named() -> None:
    assert "SIGTERM" in signalled(signal.SIGTERM).why


# --- times --------------------------------------------------------------------------------------------------------


def of(notice: Notice, seconds: float = 60) -> Departure:
    return departure(notice, drain_seconds=seconds, boottime=1000.0, now=SPOT_TIME - 120)


def test_a_signal_leaves_what_runs_the_time_of_the_setting() -> None:
    left = of(Notice(NoticeKind.SIGNAL, "stop"), 30)
    assert (left.work_until, left.wait_until) == (1030, 1030 + HAND_BACK_SECONDS)


def test_two_minutes_of_spot_are_used_as_far_as_a_hundred_seconds_go() -> None:
    left = of(Notice(NoticeKind.SPOT, "stop", SPOT_TIME), 10)
    assert left.work_until == 1000 + LONGEST_DRAIN
    assert left.wait_until < 1000 + EXIT_SECONDS


def test_a_spot_notice_that_comes_late_leaves_time_to_hand_back() -> None:
    assert of(Notice(NoticeKind.SPOT, "stop", SPOT_TIME - 90), 60).work_until == 1000 + 30 - HAND_BACK_SECONDS
    assert of(Notice(NoticeKind.SPOT, "stop", SPOT_TIME - 500), 60).work_until == 1000


def test_a_second_notice_may_press_but_never_lets_a_host_stay_longer() -> None:
    first, second = Departure(1030, 1045), Departure(1010, 1025)
    assert first.sooner(second) == second.sooner(first) == second


# --- the metadata over HTTP, version 2 ----------------------------------------------------------------------------


def told(ec2: Ec2Host, looks: int = 2) -> list[NoticeKind]:
    found: list[NoticeKind] = []
    watch = Watch(InstanceMetadata(ec2.url), lambda notice: found.append(notice.kind))
    for _ in range(looks):
        watch.look()
    return found


def test_each_order_is_told_once() -> None:
    with ec2_host() as ec2:
        assert told(ec2) == []
        ec2.metadata |= {SPOT: INTERRUPTION, "autoscaling/target-lifecycle-state": "Terminated"}
        assert told(ec2) == [NoticeKind.SPOT, NoticeKind.GROUP]


def test_a_token_that_is_over_is_renewed() -> None:
    with ec2_host() as ec2:
        metadata = InstanceMetadata(ec2.url)
        assert metadata.get("instance-id") is not None
        ec2.tokens.clear()
        assert metadata.get("instance-id") is not None


def test_nothing_there_and_nobody_there_are_no_errors(caplog: pytest.LogCaptureFixture) -> None:
    with ec2_host() as ec2:
        metadata = InstanceMetadata(ec2.url)
        assert metadata.get("spot/instance-action") is None
    assert metadata.get("instance-id") is None
    assert caplog.records == []


@pytest.mark.parametrize("url", ["", "169.254.169.254", "https://metadata"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        InstanceMetadata(url)


# --- protection ---------------------------------------------------------------------------------------------------


def test_a_host_is_protected_while_it_works_and_not_let_go_between_two_photos() -> None:
    now = [0.0]
    protection = Protection(lambda: now[0])
    wanted = []
    for second in range(0, 400, 5):
        now[0] = float(second)
        # photos come every twenty seconds for two minutes, from the tenth second on
        wanted.append(protection.wanted(busy=10 <= second <= 130 and second % 20 == 10))
    changes = sum(one is not other for one, other in itertools.pairwise(wanted))
    assert (wanted[0], wanted[2], changes) == (False, True, 2)
    assert wanted.index(False, 2) * 5 == 130 + QUIET_SECONDS
