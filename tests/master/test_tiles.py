"""GET /api/jobs/{id}/picture and GET /api/jobs/{id}/tiles/{level}/{column}/{row}."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from master.app import create_app
from master.settings import MasterSettings
from tests.fleet.whole_fleet import Fleet
from tests.imaging.samples import decoded, noise, scene
from tests.imaging.tiffs import written
from tests.master.conftest import Client
from tilework.jobs.job import State

if TYPE_CHECKING:
    import httpx

    from tests.master.conftest import World
    from tilework.jobs.job import Job

ARRAY = scene(1700, 1500)
PROBLEM = "application/problem+json"


def begun(units: int = 1, array: np.ndarray = ARRAY) -> tuple[Fleet, Job, Client]:
    """A fleet that has done some units of a large image, and a client of its master."""
    fleet = Fleet()
    body = written(array, tile=(256, 256), compression="zlib", predictor=True)
    job = fleet.drop(body, "invert()")
    for _ in range(units):
        (message,) = fleet.system.units.receive(1)
        fleet.turn(message, fleet.workshops[0])
    return fleet, job, Client(create_app(MasterSettings(), fleet.system, time.time))


def tile(client: Client, job: Job, place: str, **options: object) -> httpx.Response:
    return client.get(f"/api/jobs/{job.id}/tiles/{place}", **options)


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The sentence of a problem of this kind."""
    problem = answer.json()
    assert (answer.status_code, problem["code"], answer.headers["content-type"]) == (status, code, PROBLEM)
    assert answer.headers["cache-control"] == "no-store"
    assert problem["advice"]
    return str(problem["detail"])


def test_the_picture_tells_levels_and_what_is_made_of_each_while_the_job_runs_and_after() -> None:
    fleet, job, client = begun()
    told = client.get(f"/api/jobs/{job.id}/picture").json()
    assert (told["state"], told["epoch"], told["tile"], told["media_type"]) == (
        "RUNNING",
        0,
        512,
        "image/png",
    )
    first, *others = told["levels"]
    made = first.pop("made")
    assert 0 < made < 12
    assert first == {"width": 1700, "height": 1500, "across": 4, "down": 3}
    assert [(each["width"], each["height"]) for each in others] == [(850, 750), (425, 375)]
    fleet.run()
    told = client.get(f"/api/jobs/{job.id}/picture").json()
    assert (told["state"], [each["made"] for each in told["levels"]]) == ("DONE", [12, 4, 1])


def test_a_tile_has_one_address_before_and_after_the_end() -> None:
    fleet, job, client = begun()
    before = tile(client, job, "0/0/0")
    assert (before.status_code, before.headers["content-type"]) == (200, "image/png")
    assert before.headers["x-content-type-options"] == "nosniff"
    assert before.headers["cross-origin-resource-policy"] == "same-origin"
    np.testing.assert_array_equal(decoded(before.content)[:, :, ::-1], 255 - ARRAY[:512, :512])
    assert "is not there yet" in refused(tile(client, job, "2/0/0"), 404, "tile_not_made")
    fleet.run()
    after = tile(client, job, "0/0/0")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert tile(client, job, "2/0/0").status_code == 200


def test_who_wants_no_problem_gets_nothing_for_a_tile_that_is_still_to_be_made() -> None:
    _, job, client = begun()
    answer = tile(client, job, "2/0/0?absent=empty")
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (204, b"", "no-store")
    assert tile(client, job, "0/0/0?absent=empty").status_code == 200
    refused(tile(client, job, "9/0/0?absent=empty"), 404, "no_such_tile")


def test_a_job_that_has_no_picture_is_a_problem_or_nothing(client: Client, world: World) -> None:
    world.put_row("a")
    refused(client.get("/api/jobs/a/picture"), 404, "no_tiles")
    answer = client.get("/api/jobs/a/picture?absent=empty")
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_picture_tells_which_tiles_are_made_until_the_first_levels_are() -> None:
    fleet, job, client = begun()
    told = client.get(f"/api/jobs/{job.id}/picture").json()
    level = told["levels"][told["made"]["level"]]
    count = level["across"] * level["down"]
    bits = "".join(f"{byte:08b}" for byte in base64.b64decode(told["made"]["bits"]))[:count]
    assert bits.count("1") == level["made"] > 0
    for index, bit in enumerate(bits):
        row, column = divmod(index, level["across"])
        made = tile(client, job, f"{told['made']['level']}/{column}/{row}").status_code == 200
        assert made == (bit == "1")
    fleet.run()
    assert client.get(f"/api/jobs/{job.id}/picture").json()["made"] is None


def test_who_names_the_epoch_may_keep_a_tile_for_ever_and_never_gets_one_of_another() -> None:
    fleet, job, client = begun()
    assert tile(client, job, "0/0/0").headers["cache-control"] == "private, no-cache"
    assert tile(client, job, "0/0/0?epoch=0").headers["cache-control"].endswith("immutable")
    assert "is in epoch 0, not 1" in refused(tile(client, job, "0/0/0?epoch=1"), 404, "no_tiles")
    fleet.life.cancel(fleet.row(job))
    fleet.life.retry(fleet.row(job))
    assert "is in epoch 1, not 0" in refused(tile(client, job, "0/0/0?epoch=0"), 404, "no_tiles")


def test_who_has_a_tile_is_told_304_until_a_retry() -> None:
    fleet, job, client = begun()
    has = {"If-None-Match": tile(client, job, "0/0/0").headers["etag"]}
    again = tile(client, job, "0/0/0", headers=has)
    assert (again.status_code, again.content) == (304, b"")
    fleet.run()
    assert tile(client, job, "0/0/0", headers=has).status_code == 304
    assert tile(client, job, "0/1/0", headers=has).status_code == 200


def test_a_cancelled_job_shows_nothing() -> None:
    fleet, job, client = begun()
    has = {"If-None-Match": tile(client, job, "0/0/0").headers["etag"]}
    fleet.life.cancel(fleet.row(job))
    assert "CANCELLED" in refused(tile(client, job, "0/0/0", headers=has), 404, "no_tiles")
    refused(client.get(f"/api/jobs/{job.id}/picture"), 404, "no_tiles")


@pytest.mark.parametrize(
    "place", ["-1/0/0", "0/-1/0", "0/0/-1", "3/0/0", "0/4/0", "0/0/3", f"{1 << 80}/0/0", f"0/{1 << 80}/0"]
)
def test_what_lies_beyond_the_image_is_no_tile(place: str) -> None:
    _, job, client = begun(0)
    refused(tile(client, job, place), 404, "no_such_tile")


@pytest.mark.parametrize("place", ["a/0/0", "0/0.5/0", "9" * 5000 + "/0/0", "0/0/0?epoch=x"])
def test_what_is_no_number_is_said_to_be_none(place: str) -> None:
    _, job, client = begun(0)
    refused(tile(client, job, place), 422, "bad_request")


@pytest.mark.parametrize("state", list(State))
def test_an_ordinary_job_has_no_tiles_in_any_state(client: Client, world: World, state: State) -> None:
    world.put_row("a", state=state, result_key="results/a.png" if state is State.DONE else "")
    refused(client.get("/api/jobs/a/picture"), 404, "no_tiles")
    refused(client.get("/api/jobs/a/tiles/0/0/0"), 404, "no_tiles")


@pytest.mark.parametrize("name", ["nobody", "..%2f..%2fwork", "a%00b"])
def test_a_job_that_nobody_knows_has_none(client: Client, name: str) -> None:
    for what in ("picture", "tiles/0/0/0"):
        assert client.get(f"/api/jobs/{name}/{what}").status_code == 404


def test_pixels_that_no_browser_shows_are_told_and_refused() -> None:
    _, job, client = begun(array=noise(1700, 1500, 1, "float32") / np.float32(255))
    assert client.get(f"/api/jobs/{job.id}/picture").json()["media_type"] is None
    assert "float32" in refused(tile(client, job, "0/0/0"), 406, "tile_not_shown")


def test_the_description_tells_of_both(client: Client) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert "/api/jobs/{job_id}/picture" in paths
    answers = paths["/api/jobs/{job_id}/tiles/{level}/{column}/{row}"]["get"]["responses"]
    assert {"image/jpeg", "image/png"} <= answers["200"]["content"].keys()
    page = client.get("/api/docs").text
    assert all(f'id="problem-{code}"' in page for code in ("no_tiles", "tile_not_made", "tile_not_shown"))
