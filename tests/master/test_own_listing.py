"""Where people sign in, nobody lists, opens, loads or changes what is another's; operators see all.

The routes are those that the application has: one that is added is tried as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from master import images
from master.settings import MasterSettings
from tests.master.conftest import NOW
from tests.master.fleets import sign
from tests.master.gateway import SIGN_IN, Gateway, routes
from tilework.errors import DamagedImageError
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.metadata_text import decode
from tilework.jobs.signs import RankWork, tell
from tilework.sign_in import ANYBODY, Who, may_see, who_of

if TYPE_CHECKING:
    from tests.master.conftest import World

SECRET = "harbour"
"""In the name of all that is Zoe's."""

POINT = {"x": 0, "y": 0}
"""What a question about a pixel needs to be understood; the others pass it over."""

BATCH = "zoes-batch"

BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/jobs/{job_id}/rerun"): {"pipeline": "invert"},
}
"""What an order about one job needs to be understood."""


@pytest.fixture
def zoes(world: World) -> Job:
    """A failed job of Zoe's, whose image is there, beside one of nobody's and one of Ada's own."""
    for key, owner in (("other.png", ""), ("ada.png", "ada"), (f"uploads/{SECRET}.png", "zoe")):
        metadata = {"owner": owner} if owner else {}
        version = world.system.inputs.put(key, b"x", metadata=metadata, content_type="image/png")
        ask = Ask(
            Drop(world.system.inputs.bucket, key, version), owner=owner, batch=BATCH if owner == "zoe" else ""
        )
        world.life.end(world.claim(ask), State.FAILED, failure=DamagedImageError(f"{owner}'s is cut short"))
    row = world.row(ask)
    assert (row.owner, row.state) == ("zoe", State.FAILED)
    return row


@pytest.fixture
def gateway(world: World) -> Gateway:
    return Gateway.to(world)


def named(path: str, job: Job) -> str:
    """The path with its places filled: this job's id, its batch, and ones and sides that there could be."""
    path = path.replace("{job_id}", job.id).replace("{batch}", BATCH).replace("{side}", "result")
    return re.sub(r"\{[^}]*\}", "0", path)


def test_no_route_of_the_api_answers_without_a_token(gateway: Gateway, zoes: Job) -> None:
    found = routes(gateway.app)
    assert len(found) > 20
    for method, path in [*found, ("GET", "/api/nothing"), ("PATCH", "/api/jobs"), ("HEAD", "/api/jobs")]:
        told = gateway.request(method, named(path, zoes))
        assert told.status_code == 401, (method, path)
        assert told.headers["cache-control"] == "no-store"
        assert SECRET not in told.text
    for path in ("/api/../api/jobs", "/%61pi/jobs", "/api/jobs?x=/sign-in", "/api/page/../jobs"):
        assert gateway.get(path).status_code in {401, 404}, path


def test_whatever_is_asked_about_anothers_job_it_is_not_there(
    gateway: Gateway, zoes: Job, world: World
) -> None:
    about_one = [(method, path) for method, path in routes(gateway.app) if "{job_id}" in path]
    assert len(about_one) > 7
    for method, path in about_one:
        told = gateway.request(
            method, named(path, zoes), user="ada", params=POINT, json=BODIES.get((method, path), {})
        )
        # what the preview answers is tried on its own application
        assert told.status_code == 404 or told.json()["code"] == "no_preview", (method, path, told.text)
        assert SECRET not in told.text, (method, path)
        missing = gateway.request(
            method,
            named(path, zoes).replace(zoes.id, "0" * 32),
            user="ada",
            params=POINT,
            json=BODIES.get((method, path), {}),
        )
        # as one that nobody has heard of: no answer tells whether it is there
        assert told.text.replace(zoes.id, "0" * 32) == missing.text, (method, path)
    assert world.system.table.get(zoes.id) == zoes


def test_no_list_of_the_api_names_what_is_anothers(gateway: Gateway, zoes: Job) -> None:
    lists = [path for method, path in routes(gateway.app) if method == "GET" and "{job_id}" not in path]
    queries = (
        "",
        f"?batch={BATCH}",
        f"?digits={zoes.id[:8]}",
        "?state=FAILED",
        f"?search={SECRET}",
        "?prefix=uploads/",
    )
    for path in lists:
        for query in queries:
            told = gateway.get(named(path, zoes) + query, user="ada", headers={"Accept": "*/*"})
            # what was asked for may be said back
            text = told.text.replace(f"search={SECRET}", "").replace(f'value="{SECRET}"', "")
            assert SECRET not in text, path + query
            assert zoes.id not in text, path + query
            assert "zoe's" not in text, path + query
    for path in ("/api/jobs", "/api/failures", "/api/export", "/api/images?prefix=uploads/", "/api/page/"):
        assert SECRET in gateway.get(path, user="zoe").text, path


def test_a_list_that_ends_among_anothers_images_goes_on_from_there_and_does_not_name_it(
    gateway: Gateway, zoes: Job, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "LOOKED_AT_ONCE", 2)
    for number in range(5):
        for owner, folder in (("zoe", SECRET), ("ada", "own")):
            world.system.inputs.put(
                f"submitted/{number // 2}-{folder}-{number}.png",
                b"x",
                metadata={"owner": owner},
                content_type="image/png",
            )
    for prefix, expected in (("", 6), ("submitted/", 5), ("uploads/", 0)):
        seen: list[str] = []
        after = ""
        for _ in range(20):
            told = gateway.get("/api/images", user="ada", params={"prefix": prefix, "after": after})
            assert told.status_code == 200
            assert SECRET not in told.text
            seen += [each["key"] for each in told.json()["versions"]]
            after = told.json()["after"]
            if not after:
                break
        assert (len(seen), seen, after) == (expected, sorted(set(seen)), "")


def test_where_a_list_goes_on_is_told_to_one_person_alone(
    gateway: Gateway, zoes: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "LOOKED_AT_ONCE", 1)
    after = gateway.get("/api/images?prefix=uploads/", user="ada").json()["after"]
    assert gateway.get("/api/images", user="ada", params={"after": after}).json()["versions"] == []
    for user, place in (("new", after), ("ada", f"place-{'0' * 32}")):
        told = gateway.get("/api/images", user=user, params={"after": place})
        assert (told.status_code, told.json()["code"]) == (422, "bad_cursor")


def test_each_sees_their_own_and_operators_see_all_even_what_is_nobodys(gateway: Gateway, zoes: Job) -> None:
    def names(**who: str) -> set[str]:
        return {job["name"] for job in gateway.get("/api/jobs", **who).json()["jobs"]}

    assert names(user="ada") == {"ada.png"}
    assert names(user="zoe") == {f"{SECRET}.png"}
    assert names(user="new") == set()
    everything = {"ada.png", f"{SECRET}.png", "other.png"}
    assert names(user="op", groups="[operators]") == names(user="op", groups="[lab operators]") == everything
    for groups in ("[operator]", "[not-operators]", "operators2", "[]", "[OPERATORS]"):
        assert names(user="op", groups=groups) == set(), groups
    assert gateway.get(f"/api/jobs/{zoes.id}", user="op", groups="[operators]").status_code == 200


def test_the_group_of_operators_may_bear_another_name(world: World, zoes: Job) -> None:
    other = Gateway.to(world, MasterSettings(sign_in=SIGN_IN, any_host=True, operators_group="heads"))
    assert len(other.get("/api/jobs", user="op", groups="[heads]").json()["jobs"]) == 3
    assert other.get("/api/jobs", user="op", groups="[operators]").json()["jobs"] == []


def test_orders_about_all_reach_ones_own_only(gateway: Gateway, zoes: Job, world: World) -> None:
    wanted = {"code": "damaged"}
    assert gateway.post("/api/jobs/retry", user="ada", json=wanted).json()["retried"] == 1
    rerun = {"code": "damaged", "pipeline": "invert", "batch": BATCH}
    assert gateway.post("/api/jobs/rerun", user="ada", json=rerun).json()["seen"] == 0
    assert world.system.table.get(zoes.id) == zoes
    assert gateway.post("/api/jobs/rerun", user="zoe", json=rerun).json()["queued"] == 1
    assert gateway.post("/api/jobs/retry", user="zoe", json=wanted).json()["retried"] == 1


def test_nobody_runs_erases_or_replaces_anothers_image(gateway: Gateway, zoes: Job, world: World) -> None:
    for version in ({}, {"version": zoes.version}):
        told = gateway.post("/api/jobs", user="ada", json={"key": zoes.key, "pipeline": "invert", **version})
        missing = gateway.post(
            "/api/jobs", user="ada", json={"key": "nothing.png", "pipeline": "invert", **version}
        )
        assert (told.status_code, told.json()["code"]) == (404, "version_gone")
        assert missing.json()["detail"] == told.json()["detail"].replace(zoes.key, "nothing.png")
    for user in ("ada", "new"):
        assert (
            gateway.request("DELETE", "/api/images", user=user, params={"key": zoes.key}).status_code == 404
        )
    world.system.inputs.put("submitted/a.png", b"x", metadata={"owner": "zoe"}, content_type="image/png")
    upload = {"filename": "a.png", "key": "submitted/a.png"}
    assert gateway.post("/api/uploads", user="ada", json=upload).json()["code"] == "key_taken"
    assert gateway.post("/api/uploads", user="zoe", json=upload).status_code == 201
    assert world.system.inputs.head(zoes.key).version == zoes.version
    assert (
        gateway.post("/api/jobs", user="zoe", json={"key": zoes.key, "pipeline": "invert"}).status_code == 201
    )
    row = world.system.table.get(zoes.id)
    assert row == zoes


def test_an_image_is_erased_by_its_owner_only_where_all_of_it_is_theirs(
    gateway: Gateway, world: World
) -> None:
    inputs = world.system.inputs
    for owner in ("zoe", "ada"):
        inputs.put("submitted/shared.png", b"x", metadata={"owner": owner}, content_type="image/png")
    inputs.put("submitted/own.png", b"x", metadata={"owner": "ada"}, content_type="image/png")
    # what was another's once has a job, though its version is gone
    inputs.put("submitted/was.png", b"x", metadata={"owner": "ada"}, content_type="image/png")
    world.put_row("b" * 32, key="submitted/was.png", owner="zoe", state=State.DONE)
    for key, status in (("shared", 404), ("was", 404), ("own", 200)):
        told = gateway.request("DELETE", "/api/images", user="ada", params={"key": f"submitted/{key}.png"})
        assert told.status_code == status, key
    assert gateway.request(
        "DELETE", "/api/images", user="op", groups="[operators]", params={"key": "submitted/shared.png"}
    ).is_success


def test_what_is_everybodys_is_for_operators(gateway: Gateway, zoes: Job) -> None:
    for method, path in (
        ("GET", "/api/statistics"),
        ("POST", "/api/backfill"),
        ("GET", "/api/page/statistics"),
    ):
        refused = gateway.request(method, path, user="ada", json={})
        assert refused.status_code == 403, path
        assert "operators" in refused.text
        assert gateway.request(method, path, user="op", groups="[operators]", json={}).status_code == 200


def test_the_fleet_is_everybodys_but_which_jobs_it_works_on_and_what_it_costs_are_not(
    gateway: Gateway, zoes: Job, world: World
) -> None:
    tell(world.system.table, sign(work=(RankWork(2, "decode", zoes.id, "0-write/7", NOW),)))
    for user, groups, seen in (("ada", "[]", False), ("op", "[operators]", True)):
        told = gateway.get("/api/fleet", user=user, groups=groups).json()
        (work,) = told["hosts"][0]["work"]
        assert (work["phase"], work["job"] == zoes.id, told["today"] is not None) == ("decode", seen, seen)
        page = gateway.get("/api/page/fleet", user=user, groups=groups).text
        assert ("decoding" in page, zoes.id in page, 'data-field="usd"' in page) == (True, seen, seen)


def test_an_upload_bears_its_owner_in_what_the_form_fixes_and_a_run_of_it_stays_theirs(
    gateway: Gateway, zoes: Job, world: World
) -> None:
    told = gateway.post("/api/uploads", user="zoe", json={"filename": "a.png"}).json()
    assert decode(told["fields"]["x-amz-meta-owner"]) == "zoe"
    rerun = {"pipeline": "invert"}
    job = gateway.post(f"/api/jobs/{zoes.id}/rerun", user="op", groups="[operators]", json=rerun).json()[
        "job"
    ]
    assert job["owner"] == "zoe"
    again = {"key": zoes.key, "pipeline": "canny(100, 200)"}
    assert (
        gateway.post("/api/jobs", user="op", groups="[operators]", json=again).json()["job"]["owner"] == "zoe"
    )
    nobodys = {"key": "other.png", "pipeline": "invert"}
    assert (
        gateway.post("/api/jobs", user="op", groups="[operators]", json=nobodys).json()["job"]["owner"]
        == "op"
    )


def test_where_nobody_signs_in_everybody_sees_all(world: World, zoes: Job) -> None:
    open_to_all = Gateway.to(world, MasterSettings(any_host=True))
    assert len(open_to_all.get("/api/jobs").json()["jobs"]) == 3
    assert open_to_all.get(f"/api/jobs/{zoes.id}").status_code == 200
    assert open_to_all.get("/api/statistics").status_code == 200


def test_who_is_nobody_is_never_somebody_who_sees_what_is_nobodys() -> None:
    with pytest.raises(ValueError, match="Nobody"):
        Who()
    for claims in ({}, {"sub": ""}, {"cognito:groups": "[operators]"}, {"email": "a@b.c"}):
        assert who_of(claims) is None
    row = Job("a" * 32, "b", "k", "v", State.DONE)
    assert not may_see(row, Who("ada"))
    assert may_see(row, ANYBODY)
    assert who_of({"sub": "a", "cognito:groups": ["x", "operators"]}) == Who("a", sees_all=True)
    assert who_of({"sub": "a", "cognito:groups": None}) == Who("a")
