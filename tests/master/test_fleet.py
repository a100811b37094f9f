"""What the API tells of the fleet is what its hosts told, and what their group was told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from master import fleet as module
from master.app import create_app
from master.settings import MasterSettings
from master.waker import Waker
from tests.master.conftest import NOW, Client
from tests.master.fleets import MIDNIGHT, SPAN, on_ec2, sign
from tilework.aws.fleet_size import Fleet, Member
from tilework.bill.prices import list_prices
from tilework.errors import ServiceError
from tilework.jobs.signs import LOST_SECONDS, SPAN_SECONDS, SPANS, HostState, Past, tell
from tilework.jobs.statistics import day_name

if TYPE_CHECKING:
    from tests.master.conftest import World
    from tilework.jobs.signs import HostSign


class Group:
    """An Auto Scaling group that says what the test wants."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.looks = 0
        self.is_away = False

    def look(self) -> Fleet:
        self.looks += 1
        if self.is_away:
            raise ServiceError("Auto Scaling is busy.")
        return self.fleet

    def want(self, hosts: int) -> None:
        raise AssertionError("looking at the page must start nothing")

    def note_idle(self, since: float | None) -> None:
        raise AssertionError("looking at the page must note nothing")


def fleet_of(world: World, *signs: HostSign, group: Group | None = None) -> dict[str, Any]:
    for each in signs:
        tell(world.system.table, each)
    waker = Waker(world.system, group) if group is not None else None
    app = create_app(MasterSettings(), world.system, world.clock, waker=waker)
    answer = Client(app).get("/api/fleet")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_host_is_told_with_each_rank_at_work(world: World) -> None:
    told = fleet_of(world, sign())
    (host,) = told["hosts"]
    assert (host["host"], host["state"], host["ranks"], host["busy"]) == ("host-1", "working", 4, 0.5)
    assert host["work"] == [{"rank": 2, "job": "ab" * 16, "unit": "", "phase": "decode", "since": NOW - 3}]
    assert host["busy_hour"] == pytest.approx(0.75)
    assert (told["group"], told["scaling"], told["ranks"]) == (False, None, 4)


def test_without_any_host_there_is_an_empty_fleet(world: World) -> None:
    told = fleet_of(world)
    assert (told["hosts"], told["ranks"], told["busy"], told["busy_hour"]) == ([], 0, 0, 0)
    assert told["past"]["busy"] == [None] * SPANS


def test_a_host_that_is_gone_is_no_host_but_was_busy(world: World) -> None:
    gone = sign("a", state=HostState.GONE)
    lost = sign("b", at=NOW - LOST_SECONDS - 60)
    silent = sign("c", at=NOW - 100)
    told = fleet_of(world, gone, lost, silent)
    assert [(host["host"], host["state"]) for host in told["hosts"]] == [("c", "silent")]
    assert told["past"]["ended"][-1] == 21


def test_the_last_hour_weighs_hosts_by_their_ranks(world: World) -> None:
    small = sign("a", ranks=1, busy=1.0, past=Past(SPAN, (100,), (2,), (7,)))
    large = sign(
        "b", ranks=3, busy=0.0, past=Past(SPAN - SPANS - 5, (80,) * SPANS, (1,) * SPANS, (90,) * SPANS)
    )
    told = fleet_of(world, small, large)
    past = told["past"]
    assert told["busy"] == pytest.approx(0.25)
    assert past["first"] == (SPAN - SPANS + 1) * SPAN_SECONDS
    assert [len(past[name]) for name in ("busy", "ended", "waiting")] == [SPANS] * 3
    # the large one has told nothing for six spans
    assert past["busy"][:3] == [0.8] * 3
    assert past["busy"][-2:] == [None, 1.0]
    assert (past["ended"][-1], past["waiting"][0], past["waiting"][-1]) == (2, 90, 7)


def test_both_queues_are_told(world: World) -> None:
    world.drop("a.png")
    world.system.units.send("x")
    told = fleet_of(world)
    assert (told["jobs"]["visible"], told["units"]["visible"]) == (1, 1)


def test_the_tag_stays_while_nothing_changes(client: Client, world: World) -> None:
    tell(world.system.table, sign())
    first = client.get("/api/fleet")
    world.clock.now += 1
    again = client.get("/api/fleet", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    tell(world.system.table, sign(busy=0.7))
    assert client.get("/api/fleet", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


# --- a group --------------------------------------------------------------------------------------------------------


def test_a_sleeping_fleet_is_told_as_asleep(world: World) -> None:
    told = fleet_of(world, on_ec2(state=HostState.GONE), group=Group(Fleet(0, 8)))
    assert told["scaling"] == {
        "wanted": 0, "in_service": 0, "most": 8, "busy": 0, "asleep": True, "stopped": False, "idle_since": 0,
    }  # fmt: skip
    assert told["hosts"] == []


def test_a_host_that_only_its_group_knows_is_starting(world: World) -> None:
    members = (
        Member("i-1", "c7i.xlarge", in_service=True, leaving=False),
        Member("i-2", "c6a.xlarge", in_service=False, leaving=False),
        Member("i-3", "c6a.xlarge", in_service=False, leaving=True),
    )
    told = fleet_of(world, on_ec2("i-1"), group=Group(Fleet(2, 8, busy=1, members=members)))
    assert [(host["instance"], host["state"]) for host in told["hosts"]] == [
        ("i-1", "working"),
        ("i-2", "starting"),
    ]
    assert (told["scaling"]["in_service"], told["scaling"]["asleep"]) == (1, False)


def test_a_fleet_that_somebody_stopped_is_told_as_stopped(world: World) -> None:
    assert fleet_of(world, group=Group(Fleet(0, 0)))["scaling"]["stopped"]


def test_a_group_that_cannot_be_asked_hides_no_host(world: World) -> None:
    group = Group(Fleet(1, 8))
    group.is_away = True
    told = fleet_of(world, on_ec2(), group=group)
    assert (told["group"], told["scaling"], len(told["hosts"])) == (True, None, 1)


def test_many_who_look_at_the_page_ask_the_group_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group(Fleet(1, 8))
    client = Client(create_app(MasterSettings(), world.system, world.clock, waker=Waker(world.system, group)))
    for _ in range(5):
        client.get("/api/fleet")
    assert group.looks == 1
    monkeypatch.setattr(module, "GROUP_SECONDS", 0.0)
    client.get("/api/fleet")
    assert group.looks == 2


# --- what it costs --------------------------------------------------------------------------------------------------


def counted(world: World, **amounts: float) -> None:
    world.system.table.add(day_name(NOW), amounts)


def test_hours_of_hosts_count_from_midnight_also_of_those_that_are_gone(world: World) -> None:
    hours = (NOW - MIDNIGHT) / 3600
    gone = on_ec2("i-2", state=HostState.GONE, since=MIDNIGHT - 7200, at=MIDNIGHT + 1800, spot=False)
    yesterdays = on_ec2("i-3", state=HostState.GONE, since=MIDNIGHT - 7200, at=MIDNIGHT - 60)
    today = fleet_of(world, on_ec2("i-1", since=MIDNIGHT - 60), gone, yesterdays, group=Group(Fleet(1, 8)))[
        "today"
    ]
    prices = list_prices()
    machine = prices.host_hour("c7i.xlarge")
    rest = prices.of("host", "public_address_hour") + 30 * prices.of("host", "disk_gb_month") / 730
    assert today["host_hours"] == pytest.approx(hours + 0.5)
    assert today["hosts_usd"] == pytest.approx(
        hours * (machine / 2 + rest) + 0.5 * (machine + rest), rel=1e-6
    )
    assert today["usd"] == today["hosts_usd"]


def test_requests_are_those_of_what_ended_today(world: World) -> None:
    counted(world, done=990, failed=10, seconds_cpu=100)
    today = fleet_of(world, on_ec2(), group=Group(Fleet(1, 8)))["today"]
    # a thousand photos: docs/cost.md has 0.0156 USD, 0.00071 of it hosts
    assert (today["jobs"], round(today["requests_usd"], 3)) == (1000, 0.015)
    assert today["usd"] == pytest.approx(today["hosts_usd"] + today["requests_usd"])


def test_a_machine_of_one_s_own_costs_nothing_and_tells_what_aws_would(world: World) -> None:
    counted(world, done=1000, seconds_cpu=3600 * 4)
    today = fleet_of(world, sign())["today"]
    assert (today["usd"], today["host_hours"]) == (0, 0)
    assert 0.1 < today["elsewhere_usd"] < 0.13


def test_a_kind_of_host_without_a_price_is_named(world: World) -> None:
    told = fleet_of(world, on_ec2(kind="z9.huge"), group=Group(Fleet(1, 8)))
    assert (told["today"]["unpriced"], told["today"]["hosts_usd"]) == (["z9.huge"], 0)


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_can_be_read_without_javascript(client: Client, world: World) -> None:
    tell(world.system.table, sign())
    world.drop("a.png")
    page = client.get("/fleet").text
    for sentence in ("host-1", "decoding", "image abababab", f"/jobs/{'ab' * 16}", "50 %", "1 image waits"):
        assert sentence in page


def test_what_no_host_has_told_of_is_not_called_an_hour(client: Client, world: World) -> None:
    tell(world.system.table, sign())
    young = client.get("/fleet").text
    assert "75 % in the last 4 minutes" in young
    assert "Images finished, last 4 min" in young
    assert "last hour" not in young.partition("<main")[2]
    tell(world.system.table, sign(past=Past(SPAN - SPANS + 1, (75,) * SPANS, (1,) * SPANS, (1,) * SPANS)))
    old = client.get("/fleet").text
    assert "75 % in the last hour" in old
    assert "Images finished, last hour" in old


def test_a_host_s_name_is_only_text(client: Client, world: World) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e"
    tell(world.system.table, replace(sign(), host=hostile, instance='"><script>alert(1)</script>'))
    page = client.get("/fleet").text
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_sleeping_fleet_says_that_it_costs_nothing(world: World) -> None:
    waker = Waker(world.system, Group(Fleet(0, 8)))
    page = Client(create_app(MasterSettings(), world.system, world.clock, waker=waker)).get("/fleet").text
    assert "costs nothing now" in page
    assert "No host is there." in page
