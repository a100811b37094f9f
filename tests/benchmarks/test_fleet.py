"""The model of a fleet keeps to arithmetic, follows the product's plans, and names what it was bent with."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.fleet.checking import Run, check, load_runs, predicted, with_supervisors
from benchmarks.fleet.figures import Limits, Setup, UnitTimes
from benchmarks.fleet.findings import LEVERS, bend, causes, curve, levers, pull_all
from benchmarks.fleet.model import PHOTO, Fleet, World
from benchmarks.fleet.photos import RANK_REQUESTS, Photos, waiting
from benchmarks.fleet.planned import plan
from benchmarks.fleet.scan_stages import stages
from benchmarks.fleet.scans import Scan
from benchmarks.fleet.scenarios import CANNY, DEFLATE, SCENARIOS, Scenario
from benchmarks.fleet.study import study, verdict

if TYPE_CHECKING:
    from pathlib import Path

TIMES = UnitTimes.load()
PLENTY = replace(Limits(), s3_puts=1e9, s3_gets=1e9, partition_writes=1e9, table_writes=1e9, host_bytes=1e15)
ROOMY = World(times=TIMES, limits=PLENTY, setup=Setup(desk_threads=10_000))
COMPUTING = TIMES.photo + RANK_REQUESTS * TIMES.request
MANY = Scenario("photos", (Photos(200_000),), linear_to=100)
SMALL = Scenario("scan", (Scan(10e9, CANNY),), seconds=180, on=50)
FEW = Scenario("photos", (Photos(20_000),), linear_to=5)
NARROW = World(limits=replace(Limits(), s3_puts=1), setup=Setup(folders=100))
DOUBLING = (1, 2, 4, 8, 16, 32, 64)


def test_photos_on_one_host_take_what_arithmetic_says() -> None:
    fleet = Fleet(ROOMY, 1)
    seconds = fleet.run(Photos(25_000))
    assert seconds == pytest.approx(1000 * (COMPUTING + waiting(fleet)), rel=1e-6)


def test_ranks_beyond_the_cores_hide_waiting_and_cannot_compute_more() -> None:
    world = replace(ROOMY, setup=replace(ROOMY.setup, ranks=64))
    assert Fleet(world, 1).run(Photos(64_000)) == pytest.approx(64_000 * COMPUTING / 16, rel=0.01)


def test_a_scan_on_one_host_takes_its_computing_and_little_more() -> None:
    limits = replace(PLENTY, first_byte=0, connection_bytes=1e15)
    quick = World(times=replace(TIMES, request=0.0), limits=limits, setup=replace(ROOMY.setup, unit_ranks=25))
    seconds = Fleet(quick, 1).run(Scan(100e9, CANNY))
    assert seconds == pytest.approx(100e9 * TIMES.pipelines[CANNY].seconds / 16, rel=0.1)


def test_the_stages_are_those_that_tilework_plans_and_a_unit_takes_seconds() -> None:
    planned = plan(100e9, "jpeg", "canny(100, 200)", 25)
    names = [stage.name for stage in planned.stages]
    assert names[0] == "measure-0"
    assert names[-3:] == ["overviews-6", "overviews-9", "assemble"]
    work = stages(100e9, TIMES.pipelines[CANNY], TIMES, Setup())
    assert [each.name for each in work] == ["plan", *names[:-1]]
    assert all(0.02 < each.unit.seconds < 10 for each in work if each.units > 1 and "reduce" not in each.name)


@pytest.mark.parametrize("scenario", [MANY, SMALL], ids=lambda each: each.name)
def test_doubling_the_hosts_never_slows(scenario: Scenario) -> None:
    seconds = [point.seconds for point in curve(scenario, World(), DOUBLING)]
    assert all(later <= earlier * 1.001 for earlier, later in itertools.pairwise(seconds))
    assert seconds[-1] < seconds[0]


@pytest.mark.parametrize(
    ("lowered", "cause"),
    [
        ({"s3_puts": 4}, "S3 prefix"),
        ({"table_writes": 1200}, "table quota"),
        ({"partition_writes": 30}, "index shelf"),
        ({"in_flight": 200}, "queue"),
        ({"host_bytes": 1e7}, "host network"),
        ({"connection_bytes": 1e6}, "connection bandwidth"),
        ({"first_byte": 5.0}, "S3 first byte"),
    ],
)
def test_a_lowered_limit_is_named_as_the_cause(lowered: dict[str, float], cause: str) -> None:
    world = replace(ROOMY, limits=replace(PLENTY, **lowered))
    assert causes(MANY, world, 20)[0][0] == cause


def test_a_lowered_limit_bends_the_curve_where_arithmetic_says() -> None:
    rate = min(25 / (COMPUTING + waiting(Fleet(ROOMY, 1))), 16 / COMPUTING)
    world = replace(ROOMY, limits=replace(PLENTY, s3_puts=10 * rate / ROOMY.setup.folders))
    hosts = (1, 5, 9, 12, 20)
    assert bend(curve(MANY, ROOMY, hosts)) is None
    assert bend(curve(MANY, world, hosts)) == 12


def test_a_hot_row_is_named_where_a_scan_has_many_short_units() -> None:
    world = World(setup=Setup(unit_parts=4, shelves=10_000), limits=replace(PLENTY, partition_writes=20))
    assert causes(SMALL, world, 50)[0][0] == "row of a job"


def test_a_slow_assembly_is_named_and_its_lever_is_the_strongest() -> None:
    world = World(setup=Setup(copies=4))
    large = Scenario("deflate", (Scan(100e9, DEFLATE),), seconds=180, on=50)
    assert causes(large, world, 50)[0][0] == "assembly"
    assert levers(large, world, 50)[0][0] == "four times the copies of an assembly at once"


def test_pulling_levers_never_slows_and_ends() -> None:
    better, pulled = pull_all(FEW, NARROW, 5)
    assert pulled
    assert all(name in LEVERS and gain > 1 for name, gain in pulled)
    assert FEW.run(better, 5).seconds < FEW.run(NARROW, 5).seconds


@pytest.mark.parametrize("hosts", [1, 3, 70])
def test_every_photo_and_every_unit_is_done_once(hosts: int) -> None:
    world = World()
    fleet = Fleet(world, hosts)
    scans = [Scan(3e9, CANNY), Scan(1e9, DEFLATE)]
    fleet.run(Photos(4_321), *scans)
    planned: dict[str, int] = {"assemble": len(scans)}
    for scan in scans:
        for stage in stages(scan.pixels, TIMES.pipelines[scan.pipeline], world.times, world.setup):
            planned[stage.name] = planned.get(stage.name, 0) + stage.units
    assert fleet.done == planned | {PHOTO: 4_321}
    assert fleet.ranks.count == hosts * world.setup.ranks


def test_a_slice_of_many_equal_scans_stands_for_all_of_them() -> None:
    whole = Scenario("archive", (Scan(2e9, CANNY),) * 100)
    fleet = Fleet(World(), 50)
    assert whole.run(World(), 50).seconds == pytest.approx(fleet.run(*whole.work), rel=0.1)


def test_photos_keep_their_share_beside_scans() -> None:
    fleet = Fleet(World(), 2)
    fleet.run(Photos(500), Scan(20e9, CANNY))
    alone = Fleet(World(), 2)
    alone.run(Photos(500))
    assert fleet.done[PHOTO] == alone.done[PHOTO]
    assert fleet.environment.now > alone.environment.now


def test_what_must_be_is_judged_and_the_bottleneck_named() -> None:
    seen = study(FEW, NARROW, hosts=(1, 5))
    assert verdict(FEW, seen.now).startswith("NO: within 10 % of linear to 5 hosts")
    assert verdict(FEW, seen.now).endswith("; to remove: S3 prefix")
    assert verdict(FEW, seen.then).startswith("yes: ")


def test_unit_times_come_back_from_their_file_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "times.json"
    changed = replace(TIMES, photo=0.2)
    path.write_text(json.dumps(asdict(changed)))
    assert UnitTimes.load(path) == changed
    path.write_text('{"fotos": 1}')
    with pytest.raises(ValueError, match="fotos"):
        UnitTimes.load(path)


def test_what_cannot_be_lifted_is_refused() -> None:
    with pytest.raises(ValueError, match="gravity"):
        World(lifted=frozenset({"gravity"}))


def test_real_runs_are_compared_and_two_worlds_share_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    runs = [Run("photos", worlds, 2, 2.0, 600, 60.0, supervisor_cpu=0.01) for worlds in (1, 2, 4)]
    path.write_text(json.dumps([asdict(run) for run in runs]))
    compared = check(load_runs(path))
    limit = 600 * TIMES.photo / 2
    assert all(limit <= each.predicted <= 2 * limit for each in compared)
    exact = replace(runs[0], seconds=predicted(runs[0], TIMES))
    assert check([exact])[0].close
    assert not check([replace(exact, seconds=exact.seconds * 2)])[0].close
    assert with_supervisors(TIMES, runs).supervisor_photo == 0.01


def test_a_supervisor_that_computes_more_than_a_core_of_its_own_is_named() -> None:
    world = replace(ROOMY, times=replace(TIMES, supervisor_photo=0.02))
    assert causes(FEW, world, 5)[0][0] == "supervisor"


def test_what_is_asked_of_the_fleet_is_in_the_scenarios() -> None:
    assert {(each.linear_to, each.seconds, each.on) for each in SCENARIOS} >= {
        (100, 0, 0),
        (1000, 0, 0),
        (0, 180, 50),
    }
