"""When the fleet wakes, and when it sleeps."""

from __future__ import annotations

import pytest

from master.fleet_steps import IDLE_SECONDS, Step, step
from tilework.aws.fleet_size import Fleet

NOW = 1_764_000_000.0
ASLEEP = Fleet(wanted=0, most=8)


def test_work_wakes_a_fleet_of_no_hosts_and_nothing_else_does() -> None:
    assert step(ASLEEP, 1, 0, NOW) == Step(hosts=1, idle_since=None)
    assert step(ASLEEP, 0, 1, NOW) == Step(hosts=1, idle_since=None)
    assert step(ASLEEP, 0, 0, NOW) == Step(hosts=None, idle_since=None)


def test_more_hosts_are_not_its_business() -> None:
    for wanted in (1, 8):
        assert step(Fleet(wanted, 8), 1_000_000, 0, NOW).hosts is None


def test_a_fleet_that_somebody_stopped_is_left_alone() -> None:
    assert step(Fleet(wanted=0, most=0), 5, 0, NOW) == Step(hosts=None, idle_since=None)


def test_idle_time_begins_when_it_is_seen_first_and_is_kept_until_it_is_over() -> None:
    first = step(Fleet(1, 8), 0, 0, NOW)
    assert first == Step(None, idle_since=NOW)
    later = step(Fleet(1, 8, idle_since=NOW), 0, 0, NOW + IDLE_SECONDS - 1)
    assert later == Step(None, idle_since=NOW)
    assert step(Fleet(1, 8, idle_since=NOW), 0, 0, NOW + IDLE_SECONDS) == Step(0, idle_since=None)


def test_a_single_message_begins_the_idle_time_anew() -> None:
    assert step(Fleet(1, 8, idle_since=NOW), 1, 0, NOW + IDLE_SECONDS) == Step(None, idle_since=None)
    assert step(Fleet(1, 8, idle_since=NOW), 0, 1, NOW + IDLE_SECONDS) == Step(None, idle_since=None)


def test_a_host_that_protects_itself_keeps_the_fleet_awake_whatever_the_queues_say() -> None:
    fleet = Fleet(1, 8, busy=1, idle_since=NOW)
    assert step(fleet, 0, 0, NOW + IDLE_SECONDS) == Step(None, idle_since=None)


def test_hosts_without_work_go_before_the_last_one_once_nothing_waits() -> None:
    fleet = Fleet(8, 8, busy=3)
    # what waits may be theirs in a moment
    assert step(fleet, 1, 40, NOW) == Step(None, idle_since=None)
    assert step(fleet, 0, 40, NOW) == Step(3, idle_since=None)


def test_one_host_stays_for_the_whole_idle_time_when_the_others_go() -> None:
    assert step(Fleet(8, 8), 0, 0, NOW) == Step(1, idle_since=None)
    assert step(Fleet(1, 8), 0, 0, NOW + 60) == Step(None, idle_since=NOW + 60)


def test_no_host_goes_while_all_are_busy() -> None:
    assert step(Fleet(3, 8, busy=3, idle_since=NOW), 0, 9, NOW + IDLE_SECONDS) == Step(None, idle_since=None)


def test_a_fleet_that_was_just_woken_has_the_whole_idle_time() -> None:
    woken = step(ASLEEP, 1, 0, NOW)
    assert woken.idle_since is None
    # the message was worked on at once, and idle minutes from before the wake do not count
    assert step(Fleet(1, 8, idle_since=woken.idle_since), 0, 0, NOW + 60).hosts is None


def test_what_sleeps_is_noted_idle_no_longer_so_that_the_next_fleet_does_not_inherit_it() -> None:
    assert step(Fleet(0, 8, idle_since=NOW - 9_999), 0, 0, NOW).idle_since is None
    assert step(Fleet(0, 8, idle_since=NOW - 9_999), 1, 0, NOW) == Step(1, idle_since=None)


def test_a_clock_that_was_ahead_keeps_no_host_for_longer() -> None:
    assert step(Fleet(1, 8, idle_since=NOW + 86_400), 0, 0, NOW) == Step(None, idle_since=NOW)


@pytest.mark.parametrize("work", [[1] * 5 + [0] * 40, [0, 1] * 6 + [0] * 40, [0] * 30])
def test_from_minute_to_minute_the_fleet_neither_flaps_nor_sleeps_over_work(work: list[int]) -> None:
    fleet, hosts = ASLEEP, []
    for minute, outstanding in enumerate(work):
        now = NOW + 60 * minute
        taken = step(fleet, outstanding, 0, now)
        wanted = fleet.wanted if taken.hosts is None else taken.hosts
        assert wanted or not outstanding
        fleet = Fleet(wanted, 8, idle_since=taken.idle_since)
        hosts.append(wanted)
    changes = sum(one != other for one, other in zip([0, *hosts], hosts, strict=False))
    assert changes == (2 if any(work) else 0)
    last = max((minute for minute, outstanding in enumerate(work) if outstanding), default=-1)
    assert sum(hosts[last + 1 :]) <= IDLE_SECONDS / 60 + 1
