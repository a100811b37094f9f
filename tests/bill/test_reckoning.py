"""Bills recomputed by hand, with pencil and the price list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tilework.bill.deployment import Clock, Deployment, cpus_of, read
from tilework.bill.hosts import host_hour
from tilework.bill.idle import idle
from tilework.bill.prices import list_prices
from tilework.bill.reckoning import Load, compute, reckon
from tilework.bill.usage import added, lines, listed, times, total
from tilework.bill.work import Gigapixel, Photo, of_gigapixel, of_photo
from tilework.errors import SettingsError

ONE = Deployment(
    kinds=("c6i.xlarge", "c5.xlarge"),
    cpus=4,
    spot_percent=100,
    disk_gb=30,
    architecture="x86_64",
    keeper_memory=0.5,
    alarm_metrics=13,
    tracked_metrics=6,
    dashboards=1,
    polled_queues=2,
    clocks=(Clock(60, 0.25), Clock(1, 0.5)),
    nat_gateways=0,
    interface_endpoints=0,
    keys=0,
    unpriced=(),
)

BY_HAND = {
    # 3 metrics beyond ten
    "alarm_metrics": (13 * 0.10, 3 * 0.10),
    "dashboards": (3.00, 0.0),
    # two queues, five pollers, three looks a minute, 730 hours; three for each call by the clock
    "queue_requests": (1_447_590 * 0.40e-6, 447_590 * 0.40e-6),
    "calls": (44_530 * 0.20e-6, 0.0),
    # a second each: 43,800 at a quarter of a gigabyte, 730 at half of one
    "gb_seconds_x86_64": (11_315 * 0.0000166667, 0.0),
    "log_gb": (44_530 * 600 / 1e9 * 0.50, 0.0),
    "image_gb": (0.03, 0.03),
    "s3_gb": (0.0023, 0.0023),
    "s3_writes": (730 * 4 * 5e-6, 730 * 4 * 5e-6),
    "read_units": (73_000 * 0.125e-6, 73_000 * 0.125e-6),
    "metrics_asked_for": (1_460 * 1e-5, 1_460 * 1e-5),
}


def test_an_idle_month_by_hand() -> None:
    hour = host_hour(list_prices(), ONE.kinds, spot_percent=100, disk_gb=30)
    bill = lines(idle(ONE), list_prices(), hour)
    assert {line.name: (line.listed, line.usd) for line in bill} == {
        name: (pytest.approx(by_list), pytest.approx(usd)) for name, (by_list, usd) in BY_HAND.items()
    }
    assert listed(bill) == pytest.approx(sum(by_list for by_list, _ in BY_HAND.values()))
    assert total(bill) == pytest.approx(0.5496, abs=1e-3)


def test_an_hour_of_a_host_by_hand() -> None:
    hour = host_hour(list_prices(), ONE.kinds, spot_percent=100, disk_gb=30)
    assert (hour.machine, hour.address) == (pytest.approx(0.17 / 2), 0.005)
    assert hour.disk == pytest.approx(30 * 0.08 / 730)
    on_demand = host_hour(list_prices(), ONE.kinds, spot_percent=0, disk_gb=0)
    assert on_demand.usd == pytest.approx(0.175)
    half = host_hour(list_prices(), ONE.kinds, spot_percent=50, disk_gb=0)
    assert half.machine == pytest.approx(0.75 * 0.17)


def test_a_thousand_photos_by_hand() -> None:
    photo = Photo("", "blur(9)", 12, core_seconds=0.108, source_bytes=0, result_bytes=0)
    usage = times(of_photo(photo, ONE, 12), 1000)
    hour = host_hour(list_prices(), ONE.kinds, spot_percent=100, disk_gb=30)
    bill = {line.name: line.listed for line in lines(usage, list_prices(), hour, free_tier=False)}
    hours = 108 / 4 / 3600
    assert bill["machine_hours"] + bill["address_hours"] + bill["disk_hours"] == pytest.approx(
        hours * hour.usd
    )
    assert bill["s3_writes"] + bill["s3_reads"] == pytest.approx(0.0108)
    assert bill["queue_requests"] == pytest.approx(0.0006)
    assert bill["write_units"] == pytest.approx(0.003125)
    assert bill["log_gb"] == pytest.approx(0.0003)
    assert sum(bill.values()) == pytest.approx(0.0156, abs=2e-4)


def test_a_photo_of_half_the_size_takes_half_the_host_and_as_many_requests() -> None:
    photo = Photo("", "blur(9)", 12, core_seconds=0.108, source_bytes=0, result_bytes=0)
    whole, half = of_photo(photo, ONE, 12), of_photo(photo, ONE, 6)
    assert half["machine_hours"] == whole["machine_hours"] / 2
    assert half["s3_writes"] == whole["s3_writes"] == 2


def test_a_gigapixel_by_hand() -> None:
    usage = of_gigapixel(Gigapixel("", 36.0, units=100, reads=10_000, writes=300, result_bytes=0), ONE)
    hour = host_hour(list_prices(), ONE.kinds, spot_percent=100, disk_gb=30)
    bill = lines(usage, list_prices(), hour, free_tier=False)
    by_hand = 0.0025 * hour.usd + 300 * 5e-6 + 10_000 * 0.4e-6 + 300 * 0.4e-6 + 400 * 0.625e-6
    assert listed(bill) == pytest.approx(by_hand)


def test_what_is_free_is_free_once_a_month_whatever_uses_it() -> None:
    month = reckon(ONE, Load(photos=1_000_000)).month
    (queue,) = (line for line in month if line.name == "queue_requests")
    assert queue.usd == pytest.approx((1_447_590 + 1_500_000 - 1_000_000) * 0.40e-6)


def test_each_waking_pays_for_its_idle_minutes_and_metrics_for_the_hours_of_hosts_only() -> None:
    month = {line.name: line for line in reckon(ONE, Load(wakes=30)).month}
    assert month["machine_hours"].amount == pytest.approx(6)
    assert month["metrics"].amount == pytest.approx(14 * 6 / 730)
    busy = {line.name: line for line in reckon(ONE, Load(photos=1e9)).month}
    assert busy["metrics"].usd == pytest.approx(4 * 0.30)


def test_an_hour_of_an_open_page_by_hand() -> None:
    found = reckon(ONE, Load())
    # a list every five seconds, how much waits every fifteen; half a gigabyte, 0.7 and 0.2 s
    by_hand = {
        "api_requests": 960 * 1e-6,
        "calls": 960 * 0.2e-6,
        "gb_seconds_x86_64": (720 * 0.7 + 240 * 0.2) * 0.5 * 0.0000166667,
        "read_units": (720 * 60 + 240) * 0.125e-6,
        "queue_requests": 720 * 0.4e-6,
        "log_gb": 960 * 900 / 1e9 * 0.5,
    }
    busy = found.page_hours["jobs under way"]
    assert {line.name: line.listed for line in busy} == {
        name: pytest.approx(usd) for name, usd in by_hand.items()
    }
    assert 0 < listed(found.page_hours["nothing under way"]) < listed(busy) / 3
    month = reckon(ONE, Load(page_hours=100))
    assert listed(month.month) == pytest.approx(listed(month.idle) + 100 * sum(by_hand.values()))


def test_nothing_asked_for_is_no_month() -> None:
    assert reckon(ONE, Load()).month == []
    assert compute(reckon(ONE, Load()).idle) == 0


def test_what_a_deployment_has_of_dear_things_is_in_its_bill() -> None:
    dear = replace(ONE, nat_gateways=1, interface_endpoints=2, keys=1)
    more = total(reckon(dear, Load()).idle) - total(reckon(ONE, Load()).idle)
    assert more == pytest.approx(730 * 0.045 + 2 * 730 * 0.01 + 1)


def test_a_type_of_resource_without_a_price_is_named() -> None:
    notes = reckon(replace(ONE, unpriced=("AWS::Braket::Quantum",)), Load()).notes()
    assert "AWS::Braket::Quantum" in notes[-1]


def test_a_host_without_a_price_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(SettingsError, match=r"no price of x9z\.xlarge"):
        reckon(replace(ONE, kinds=("x9z.xlarge",)), Load())


@pytest.mark.parametrize(
    ("kind", "cpus"),
    [
        ("c7g.medium", 1),
        ("t3.medium", 2),
        ("c7i.large", 2),
        ("c7i.xlarge", 4),
        ("c6i.4xlarge", 16),
        ("c7i.metal-24xl", 96),
    ],
)
def test_processors_are_told_by_an_instances_size(kind: str, cpus: int) -> None:
    assert cpus_of(kind) == cpus


@pytest.mark.parametrize("kind", ["t3.small", "c5.metal", "c7i", "c7i.xxlarge"])
def test_a_size_that_does_not_tell_is_refused_by_its_name(kind: str) -> None:
    with pytest.raises(SettingsError, match=f"{kind} is of a size"):
        cpus_of(kind)


@pytest.mark.parametrize(
    "template", [{}, {"Resources": {}}, {"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}]
)
def test_what_is_no_template_of_ours_is_refused(template: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="no template of Tilework"):
        read(template)


def test_amounts_are_added_by_name() -> None:
    assert added({"a": 1.0}, {"a": 2.0, "b": 3.0}) == {"a": 3.0, "b": 3.0}


def test_every_price_has_a_page_to_look_it_up_and_a_date() -> None:
    prices = list_prices()
    assert len(prices.date) == 10
    assert all(source.startswith("https://") for source in prices.sources.values())
    amounts = [value for table in prices.tables.values() for name, value in table.items() if name != "source"]
    assert all(isinstance(value, int | float) and value > 0 for value in amounts)
