"""What the deployment costs, reckoned from its own template."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import INSTANCE_TYPES, Settings
from tests.stacks.cases import CASES
from tests.stacks.reading import resources
from tilework.bill.deployment import read
from tilework.bill.page import MONTHS, page, sentence
from tilework.bill.prices import list_prices
from tilework.bill.reckoning import METRICS, Load, compute, reckon
from tilework.bill.usage import listed, total
from tilework.bill.work import FLEET_CORE_SECONDS, measured
from worker_image.metrics import METRICS as WRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
COST = ROOT / "docs" / "cost.md"


def test_idle_costs_less_than_a_dollar_beyond_what_is_free_and_at_most_eight_by_list(
    template: dict[str, Any],
) -> None:
    bill = reckon(read(template), Load()).idle
    assert total(bill) < 1
    assert listed(bill) <= 8


def test_so_it_does_with_everything_that_can_be_switched_on_but_a_key(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    everything = Settings(
        environment="prod",
        alarm_mail="me@example.org",
        budget_usd=5,
        budget_stops_fleet=True,
        architecture="arm64",
    )
    bill = reckon(read(synthesize(everything)), Load()).idle
    assert total(bill) < 1
    assert listed(bill) <= 8


def test_every_alarm_and_dashboard_of_the_template_is_in_the_bill(template: dict[str, Any]) -> None:
    found = read(template)
    counted = sum(
        1 if "MetricName" in each["Properties"] else str(each).count("'MetricStat'")
        for each in resources(template, "AWS::CloudWatch::Alarm").values()
    )
    tracked = sum(
        str(each).count("'MetricStat'")
        for each in resources(template, "AWS::AutoScaling::ScalingPolicy").values()
    )
    assert found.alarm_metrics == counted + tracked
    assert counted >= 7
    assert found.dashboards == 1
    assert found.polled_queues == 2


@pytest.mark.parametrize("settings", [Settings(), *CASES.values()], ids=["default", *CASES])
def test_nothing_in_the_template_is_without_a_price(
    synthesize: Callable[[Settings], dict[str, Any]], settings: Settings
) -> None:
    assert read(synthesize(settings)).unpriced == ()


def test_compute_of_a_thousand_photos_on_spot_is_below_a_fifth_of_a_cent(template: dict[str, Any]) -> None:
    found = reckon(read(template), Load())
    assert found.measured.photo.megapixels == 12
    assert found.measured.photo.pipeline == "blur(9)"
    # also where a virtual processor is half of the core that was measured, or hosts wait as in the model of a fleet
    assert 2 * compute(found.photos) <= 0.002
    assert FLEET_CORE_SECONDS / found.measured.photo.core_seconds * compute(found.photos) <= 0.002


def test_every_kind_of_host_that_is_usual_has_a_price() -> None:
    for kinds in INSTANCE_TYPES.values():
        assert all(0.1 < list_prices().host_hour(kind) < 0.3 for kind in kinds)


def test_our_own_metrics_are_counted_as_hosts_write_them() -> None:
    assert len(WRITTEN) == METRICS


def test_the_document_is_what_the_command_reckons(template: dict[str, Any]) -> None:
    written = page(read(template))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        COST.write_text(written)
    assert written == COST.read_text(), (
        "The costs have changed. Look at them, then accept them: "
        "UPDATE_SNAPSHOTS=1 python -m pytest tests/stacks/test_cost.py"
    )


def test_the_readme_says_the_same(template: dict[str, Any]) -> None:
    readme = ROOT / "README.md"
    heading = "## What it costs when idle\n\n"
    before, _, rest = readme.read_text().partition(heading)
    told, _, after = rest.partition("\n## ")
    said = sentence(read(template))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        readme.write_text(f"{before}{heading}{said}\n## {after}")
        told = said
    assert told == said


def test_what_a_fleet_waits_for_is_as_its_model_reckons() -> None:
    (row,) = re.findall(r"^\| 1 \| ([\d,]+) .*$", _section("Ten million photos"), re.MULTILINE)
    assert int(row.replace(",", "")) * 16 / 1e7 == pytest.approx(FLEET_CORE_SECONDS, abs=5e-4)


def _section(title: str) -> str:
    text = (ROOT / "docs" / "performance-fleet.md").read_text()
    return text.split(f"## {title}", 1)[1].split("\n## ", 1)[0]


def test_the_measured_photo_is_the_one_of_the_performance_page() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    of = {
        name: float(ms)
        for name, ms in re.findall(r"^\| (ranks|supervisor) \| ([\d.]+) \|", text, re.MULTILINE)
    }
    assert measured().photo.core_seconds * 1000 == pytest.approx(sum(of.values()), abs=0.11)


def test_a_months_free_tier_is_taken_off_once_and_work_pays_for_the_rest(template: dict[str, Any]) -> None:
    found = read(template)
    for load in MONTHS.values():
        month, idle = reckon(found, load), total(reckon(found, load).idle)
        assert total(month.month) >= idle
        assert listed(month.month) >= listed(month.idle)
