"""A host's metrics: right sums, once a minute, in documents that CloudWatch takes."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

import pytest

from tests.worker_image.test_claims import Host
from tests.worker_image.test_endings import WORKED, claimed
from tilework.errors import CrashedError, DamagedImageError
from tilework.jobs.messages import Notice
from worker_image.endings import Endings
from worker_image.metrics import (
    INTAKE_PAUSE,
    LEASE_LOSS,
    METRICS,
    WORLD_RESTART,
    HeldCount,
    Meter,
    documents,
    sentence,
)
from worker_image.tally import Sums, Tally

UNITS = {
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
    "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
    "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}  # fmt: skip
"""Of a MetricDatum, as the CloudWatch API has them."""


def check(document: dict[str, Any]) -> None:
    """The rules of the embedded metric format, and that its line is small."""
    text = json.dumps(document)
    assert len(text) < 1 << 14
    assert "\n" not in text
    metadata = document["_aws"]
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    # milliseconds, no older than two weeks and no more than two hours ahead
    assert type(metadata["Timestamp"]) is int
    assert time.time() - 14 * 86_400 < metadata["Timestamp"] / 1000 < time.time() + 7200
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 1 <= len(directive["Namespace"]) <= 1024
        assert directive["Dimensions"]
        for dimensions in directive["Dimensions"]:
            assert len(dimensions) <= 30
            for name in dimensions:
                assert 1 <= len(name) <= 250
                assert isinstance(document[name], str)
                assert 1 <= len(document[name]) <= 1024
        assert 1 <= len(directive["Metrics"]) <= 100
        for metric in directive["Metrics"]:
            assert set(metric) <= {"Name", "Unit", "StorageResolution"}
            assert 1 <= len(metric["Name"]) <= 1024
            assert metric.get("Unit", "None") in UNITS
            check_values(document[metric["Name"]])


def check_values(found: object) -> None:
    values = found if isinstance(found, list) else [found]
    assert 1 <= len(values) <= 100
    assert all(type(value) in {int, float} and abs(value) < 2**360 for value in values)


def notice(state: str, code: str = "", pixels: float = 0.0) -> Notice:
    return Notice("ended", "a", 0.0, {"state": state, "code": code}, {"pixels": pixels})


def busy_minute() -> Tally:
    tally = Tally()
    for _ in range(3):
        tally.ended(notice("DONE", pixels=12_000_000))
    for code in ("crashed", "damaged", "crashed"):
        tally.ended(notice("FAILED", code, pixels=99))
    tally.ended(notice("SKIPPED", "version_gone"))
    tally.worked({"read": 0.5, "decode": 1.0, "kernels": 2.0, "encode": 0.25, "store": 0.125, "work": 9.0})
    tally.worked({"read": 0.5, "halve": 1.0, "scratch": 0.125, "other": 9.0})
    for event in (WORLD_RESTART, LEASE_LOSS, LEASE_LOSS, INTAKE_PAUSE):
        tally.happened(event)
    return tally


def told(sums: Sums, *, jobs: int = 0, units: int = 0) -> list[dict[str, Any]]:
    held = HeldCount(jobs, units)
    return documents(sums, held, deployment="tilework-dev", host="host-1", now=time.time())


def test_a_minute_is_told_in_one_document_and_one_for_each_code() -> None:
    minute, *codes = told(busy_minute().take(), jobs=4, units=7)
    values = {metric.name: minute[metric.name] for metric in METRICS}
    assert values == {
        "Done": 3, "Failed": 3, "Skipped": 1, "Megapixels": 36.0, "SecondsRead": 1.0, "SecondsDecode": 1.0,
        "SecondsKernels": 3.0, "SecondsEncode": 0.25, "SecondsStore": 0.25, "WorldRestarts": 1, "LeaseLosses": 2,
        "IntakePauses": 1, "JobsHeld": 4, "UnitsHeld": 7,
    }  # fmt: skip
    assert [(each["Code"], each["Failed"]) for each in codes] == [("crashed", 2), ("damaged", 1)]


def test_every_document_is_in_the_embedded_metric_format_also_in_a_minute_without_anything() -> None:
    for sums in (busy_minute().take(), Sums()):
        for document in told(sums):
            check(document)


def test_hosts_share_their_metrics_and_are_told_apart_by_a_property_that_costs_nothing() -> None:
    for document in told(busy_minute().take()):
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Tilework"
        assert directive["Dimensions"] in ([["Deployment"]], [["Deployment", "Code"]])
        assert (document["Deployment"], document["host"]) == ("tilework-dev", "host-1")


def test_what_was_told_is_not_told_again() -> None:
    tally = busy_minute()
    tally.take()
    (minute,) = told(tally.take())
    assert {minute[metric.name] for metric in METRICS} == {0}


def test_every_end_that_a_host_writes_is_counted() -> None:
    host = Host()
    endings = Endings(host.system, host.life, host.outbox, "host-1", let_go=lambda _: None)
    endings.done(claimed(host), WORKED)
    endings.failed(claimed(host), DamagedImageError("It ends at byte 7."))
    endings.strike_out(claimed(host), CrashedError("It crashed."))
    sums = host.outbox.tally.take()
    assert (sums.ends["DONE"], sums.ends["FAILED"]) == (1, 2)
    assert sums.failures == {"damaged": 1, "crashed": 1}
    assert sums.pixels["DONE"] == 12


def test_a_host_tells_each_minute_and_the_rest_when_it_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    taken = threading.Semaphore(0)

    def held() -> HeldCount:
        taken.release()
        return HeldCount(1, 0)

    tally = Tally()
    meter = Meter(tally, held, deployment="tilework-dev", host="host-1", minute=0.05)
    tally.ended(notice("DONE"))
    meter.start()
    assert taken.acquire(timeout=30)
    tally.ended(notice("DONE"))
    meter.stop()
    # read once, when nobody writes any more: what comes between capfd's reading and its emptying is lost
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["Done"] for line in lines if line["Done"]] == [1, 1]
    for line in lines:
        check(line)


def test_a_host_of_no_named_deployment_tells_in_words_and_only_if_there_is_something(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert sentence(Sums()) == ""
    tally = busy_minute()
    with caplog.at_level(logging.INFO):
        meter = Meter(tally, lambda: HeldCount(0, 0), deployment="", host="host-1")
        meter.start()
        meter.stop()
    assert caplog.messages == ["In the last minute: 3 DONE, 3 FAILED, 1 SKIPPED; 36.0 megapixels."]
    assert "_aws" not in capfd.readouterr().err
