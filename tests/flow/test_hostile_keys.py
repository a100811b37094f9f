"""Hostile keys, dropped at once, each event told again and in any order: one right end for each version."""

from __future__ import annotations

import html
import json
import random
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.flow.pictures import decoded, noise, png
from tests.flow.test_drop_to_result import tilework
from tests.hostile_keys import HOSTILE_KEYS
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.messages import event_body
from tilework.shown import is_harmless, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from tests.flow.running_system import RunningSystem

BATCH = "hostile"
OVERWRITTEN = ("overwritten/a b+c%.png", "overwritten/\x1b[2J\u202e.png")
DELETED = ("deleted/a b+c%.png", "deleted/\x1b[2J\u202e.png")
HIDDEN = "below a delete marker/\r\n.png"

assert len(set(HOSTILE_KEYS)) >= 39


@dataclass(frozen=True)
class Dropped:
    """What the dropper knows: the version, its pixels, and whether it was deleted before any work."""

    drop: Drop
    picture: NDArray[np.generic]
    deleted: bool = False


@contextmanager
def nobody_works(running: RunningSystem) -> Iterator[None]:
    hosts = running.supervisors()
    for host in hosts:
        host.suspend()
    try:
        yield
    finally:
        for host in hosts:
            host.resume()


class Dropper:
    """Drops images that are all different, and keeps a list of its own."""

    def __init__(self, running: RunningSystem) -> None:
        self.running = running
        self.list: dict[str, Dropped] = {}

    def drop(self, key: str, *, deleted: bool = False) -> None:
        picture = noise(9, 11, seed=len(self.list))
        job = self.running.drop(key, png(picture), pipeline="invert", batch=BATCH)
        inputs = self.running.system.inputs
        drop = Drop(inputs.bucket, key, inputs.head(key).version)
        assert Ask(drop).job_id == job
        self.list[job] = Dropped(drop, picture, deleted)

    def tell_again(self) -> None:
        """Send each event twice more, shuffled."""
        bodies = [event_body(each.drop) for each in self.list.values()] * 2
        random.Random(5).shuffle(bodies)  # noqa: S311 - no secret
        for body in bodies:
            self.running.system.jobs.send(body)


@pytest.fixture(scope="module")
def dropped(running: RunningSystem) -> dict[str, Dropped]:
    """Everything dropped, overwritten and deleted before anybody works; then told again, before and during the work."""
    dropper, inputs = Dropper(running), running.system.inputs
    with nobody_works(running):
        for key in HOSTILE_KEYS:
            dropper.drop(key)
        for key in OVERWRITTEN * 3:
            dropper.drop(key)
        for key in DELETED:
            dropper.drop(key)
            dropper.drop(key, deleted=True)
            inputs.delete(key, inputs.head(key).version)
        dropper.drop(HIDDEN)
        inputs.delete(HIDDEN)
        dropper.tell_again()
    dropper.tell_again()
    return dropper.list


@pytest.fixture(scope="module")
def before(running: RunningSystem) -> tuple[set[str], int]:
    """The jobs and dead letters that were there already."""
    return {row.id for row in running.system.table.list()}, running.system.dead_letters.backlog().total


@pytest.fixture(scope="module")
def rows(
    running: RunningSystem, before: tuple[set[str], int], dropped: dict[str, Dropped]
) -> Mapping[str, Job]:
    rows = running.ended(dropped)
    # late events of jobs that are over
    for body in [event_body(each.drop) for each in dropped.values()]:
        running.system.jobs.send(body)
    return rows


def test_each_version_has_its_own_right_end(rows: dict[str, Job], dropped: dict[str, Dropped]) -> None:
    for job, told in dropped.items():
        row = rows[job]
        assert row.drop == told.drop
        ends = (State.SKIPPED, "version_gone") if told.deleted else (State.DONE, "")
        assert (row.state, row.code) == ends, (row.key, row.reason)


def test_each_result_lies_under_a_key_of_its_own_with_the_right_pixels_and_its_source_told(
    running: RunningSystem, rows: dict[str, Job], dropped: dict[str, Dropped]
) -> None:
    kept = {job: told for job, told in dropped.items() if not told.deleted}
    assert len({rows[job].result_key for job in kept}) == len(kept)
    for job, told in kept.items():
        key = rows[job].result_key
        assert all(is_harmless(each) for each in key)
        assert not {"", ".", ".."} & set(key.split("/"))
        assert np.array_equal(decoded(running.result(rows[job])), cv2.bitwise_not(told.picture))
        metadata = running.system.outputs.head(key).metadata
        source = (metadata["job"], metadata["source"], metadata["source-version"])
        assert source == (job, told.drop.key, told.drop.version)
        assert len(list(running.system.outputs.versions(key))) == 1


def test_nothing_else_came_of_the_doubled_events(
    running: RunningSystem, before: tuple[set[str], int], rows: dict[str, Job], dropped: dict[str, Dropped]
) -> None:
    deadline = time.monotonic() + 90
    while running.system.jobs.backlog().total:
        assert time.monotonic() < deadline, "messages of jobs that are over are still there"
        time.sleep(0.1)
    known, dead_letters = before
    assert {row.id for row in running.system.table.list()} - known == set(dropped)
    assert running.system.dead_letters.backlog().total <= dead_letters
    for job, row in rows.items():
        assert running.system.table.get(job) == row


def get(url: str) -> tuple[bytes, Mapping[str, str]]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return answer.read(), dict(answer.headers)


def is_readable(text: str) -> bool:
    return all(is_harmless(each) or each == "\n" for each in text)


def test_the_api_tells_each_key_exactly_and_its_links_lead_to_the_very_images(
    running: RunningSystem, rows: dict[str, Job], dropped: dict[str, Dropped]
) -> None:
    master = running.environment["TILEWORK_URL"].rstrip("/")
    jobs = json.loads(get(f"{master}/api/jobs?batch={BATCH}&limit=1000")[0])["jobs"]
    assert {one["id"]: (one["key"], one["version"]) for one in jobs} == {
        # of a version that is gone nobody can tell the batch
        job: (told.drop.key, told.drop.version)
        for job, told in dropped.items()
        if not told.deleted
    }
    assert all(is_readable(one["name"]) for one in jobs)
    for job, told in dropped.items():
        links = json.loads(get(f"{master}/api/jobs/{job}")[0])["links"]
        if not told.deleted:
            body, headers = get(links["input"])
            assert np.array_equal(decoded(body), told.picture)
            assert headers["Content-Disposition"].startswith("attachment; ")
            assert get(links["result"])[0] == running.result(rows[job])


@pytest.mark.usefixtures("rows")
def test_the_page_shows_each_key_as_harmless_text(
    running: RunningSystem, dropped: dict[str, Dropped]
) -> None:
    master = running.environment["TILEWORK_URL"].rstrip("/")
    pages = [f"/?batch={BATCH}", *(f"/jobs/{job}" for job in dropped)]
    texts = {path: get(master + path)[0].decode() for path in pages}
    for path, text in texts.items():
        assert is_readable(text), path
        assert is_readable(html.unescape(text)), path
        assert "<script>alert" not in text
    for job, told in dropped.items():
        assert f"<code>{html.escape(shown(told.drop.key))}</code>" in texts[f"/jobs/{job}"].replace(
            "&#34;", "&quot;"
        ).replace("&#39;", "&#x27;")


@pytest.mark.usefixtures("rows")
def test_the_terminal_shows_each_key_as_harmless_text_and_json_tells_it_exactly(
    running: RunningSystem, dropped: dict[str, Dropped]
) -> None:
    table = tilework(running, "jobs", "--batch", BATCH).stdout
    assert is_readable(table)
    listed: list[dict[str, Any]] = json.loads(tilework(running, "jobs", "--batch", BATCH, "--json").stdout)
    assert {one["id"]: one["key"] for one in listed} == {
        job: told.drop.key for job, told in dropped.items() if not told.deleted
    }
    for told in dropped.values():
        if len(told.drop.key) < 60:
            assert shown(told.drop.key).strip() in table
    hostile = next(job for job, told in dropped.items() if told.drop.key.startswith("escape-"))
    one = tilework(running, "job", hostile).stdout
    assert is_readable(one)
    assert "\\x1b[31m" in one
