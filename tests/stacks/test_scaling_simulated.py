"""Days played through the numbers of the template: how soon, how many, at what waste."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import simpy

from benchmarks.scaling.hosts import Group
from benchmarks.scaling.metric_math import evaluate
from benchmarks.scaling.page import page
from benchmarks.scaling.simulation import Outcome, simulate
from benchmarks.scaling.template import Numbers, read
from benchmarks.scaling.traces import TRACES
from benchmarks.scaling.work import Batch, Queues
from worker_image.membership import BUSY_LOOK_SECONDS, QUIET_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

DAYS = {trace.name: trace for trace in TRACES}
MILLION, TRICKLE, SCAN = "a nightly million", "a trickle", "one scan of 100 GP"
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def numbers(template: dict[str, Any]) -> Numbers:
    return read(template)


@pytest.fixture(scope="module")
def outcomes(numbers: Numbers) -> dict[tuple[str, int], Outcome]:
    return {
        (name, seed): simulate(numbers, trace, seed=seed) for name, trace in DAYS.items() for seed in SEEDS
    }


def test_all_is_done_and_the_day_ends_with_no_hosts(outcomes: dict[tuple[str, int], Outcome]) -> None:
    for outcome in outcomes.values():
        assert outcome.left == 0
        assert outcome.hosts_left == 0


def test_hardly_a_host_is_ended_at_work(outcomes: dict[tuple[str, int], Outcome]) -> None:
    ended = sum(outcome.life.ended_at_work for outcome in outcomes.values())
    assert ended <= sum(outcome.life.launched for outcome in outcomes.values()) / 100


def one_host(*, works_for: float) -> tuple[Group, Queues]:
    """A group of one host that is in service, and has worked for so long (seconds)."""
    environment, queues = simpy.Environment(), Queues()
    group = Group(environment, queues, minimum=0, maximum=1, losses=0.0, seed=1)
    group.set_capacity(1)
    environment.run(until=300)
    queues.jobs.put(Batch(100, 4.0))
    while not queues.jobs.in_flight:
        environment.step()
    environment.run(until=environment.now + works_for)
    return group, queues


def test_a_host_that_took_work_a_moment_ago_may_be_ended_and_loses_nothing() -> None:
    group, queues = one_host(works_for=0.01)
    group.set_capacity(0)
    group.environment.run(until=group.environment.now + 1)
    assert (group.life.ended_at_work, len(group.hosts)) == (1, 0)
    assert (queues.jobs.visible, queues.jobs.in_flight) == (100, 0)


def test_a_host_that_has_worked_for_some_seconds_is_not_ended_and_stays_for_a_while_after_its_work() -> None:
    group, queues = one_host(works_for=BUSY_LOOK_SECONDS + 0.01)
    group.set_capacity(0)
    assert (group.life.ended_at_work, len(group.hosts), group.busy) == (0, 1, 1)
    group.environment.process(group.watch_protected())
    while queues.outstanding:
        group.environment.step()
    done = group.environment.now
    while group.hosts:
        group.environment.step()
    assert QUIET_SECONDS - BUSY_LOOK_SECONDS <= group.environment.now - done <= QUIET_SECONDS + 10
    assert group.life.ended_at_work == 0


def test_hosts_that_the_spot_market_takes_back_lose_nothing(numbers: Numbers) -> None:
    outcome = simulate(numbers, DAYS[MILLION], losses=1.0)
    assert outcome.life.spot_losses > 5
    assert (outcome.left, outcome.hosts_left) == (0, 0)


def test_who_asks_for_an_upload_has_the_first_result_within_90_seconds_in_the_median(
    numbers: Numbers,
) -> None:
    seconds = sorted(
        simulate(numbers, replace(DAYS[TRICKLE], hours=1), seed=seed).first_result_seconds
        for seed in range(21)
    )
    assert seconds[10] <= 90


def test_a_drop_waits_for_the_look_of_the_next_minute_and_no_longer(
    outcomes: dict[tuple[str, int], Outcome],
) -> None:
    assert all(outcome.first_result_seconds < 90 + 60 for outcome in outcomes.values())


def test_of_a_million_and_of_a_scan_a_tenth_is_wasted_at_most(
    outcomes: dict[tuple[str, int], Outcome],
) -> None:
    for name in (MILLION, SCAN):
        for seed in SEEDS:
            assert outcomes[name, seed].wasted <= 0.10


def test_elsewhere_a_host_is_idle_for_the_ten_minutes_at_most_and_the_looks_before_them(
    outcomes: dict[tuple[str, int], Outcome],
) -> None:
    for outcome in outcomes.values():
        assert outcome.idle_minutes_a_host <= 10 + 2


def test_the_fleet_does_not_flap(outcomes: dict[tuple[str, int], Outcome]) -> None:
    assert {outcome.flaps for outcome in outcomes.values()} == {0}


def test_another_threshold_in_the_template_is_another_fleet(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any], numbers: Numbers
) -> None:
    changed = copy.deepcopy(template)
    for resource in changed["Resources"].values():
        if resource["Type"] == "AWS::AutoScaling::ScalingPolicy":
            resource["Properties"]["TargetTrackingConfiguration"]["TargetValue"] = 200
        if resource["Type"] == "AWS::AutoScaling::AutoScalingGroup":
            resource["Properties"]["MaxSize"] = "20"
    before = simulate(numbers, DAYS[SCAN])
    after = simulate(read(changed), DAYS[SCAN])
    assert max(sample.hosts for sample in after.samples) > max(sample.hosts for sample in before.samples)
    assert after.life.last_done < before.life.last_done


def test_a_longer_idle_time_in_the_template_is_paid_for(template: dict[str, Any], numbers: Numbers) -> None:
    changed = copy.deepcopy(template)
    for resource in changed["Resources"].values():
        told = (
            resource["Properties"].get("Environment", {}).get("Variables", {})
            if "Properties" in resource
            else {}
        )
        if "TILEWORK_IDLE_SECONDS" in told:
            told["TILEWORK_IDLE_SECONDS"] = "3600"
    assert simulate(read(changed), DAYS[SCAN]).life.paid > simulate(numbers, DAYS[SCAN]).life.paid + 2400


def test_a_template_that_would_reset_the_fleet_at_each_deploy_is_not_simulated(
    template: dict[str, Any],
) -> None:
    changed = copy.deepcopy(template)
    for resource in changed["Resources"].values():
        if resource["Type"] == "AWS::AutoScaling::AutoScalingGroup":
            resource["Properties"]["DesiredCapacity"] = "1"
    with pytest.raises(ValueError, match="desired capacity"):
        read(changed)


def test_the_page_tells_what_the_template_of_today_gives(numbers: Numbers) -> None:
    outcomes = [simulate(numbers, trace) for trace in TRACES]
    assert (ROOT / "docs" / "scaling.md").read_text() == page(numbers, outcomes, "scaling.svg"), (
        "Write it anew: make synth, then python -m benchmarks.scaling --out docs/scaling.md"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(a + b) / c", 1.5),
        ("a / nothing", None),
        ("a / zero", None),
        ("FILL(nothing, 0) + a", 1),
        ("IF(a < b, FILL(nothing, 7), 0)", 7),
        ("IF(a > b, 1, -2)", -2),
    ],
)
def test_metric_math_is_cloudwatchs(text: str, value: float | None) -> None:
    assert evaluate(text, {"a": 1.0, "b": 2.0, "c": 2.0, "nothing": None, "zero": 0.0}) == value


def test_metric_math_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="RATE"):
        evaluate("RATE(a)", {"a": 1.0})
