"""What failed, by its reason: counted, explained, and ordered about all at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from master import failures, search
from master import mended as newer_runs
from tilework.errors import DamagedImageError
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def told(client: Client, **wanted: str) -> dict[str, Any]:
    answer = client.get("/api/failures", params=wanted)
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.fixture
def failed(world: World) -> World:
    for number in range(5):
        batch = "one" if number < 3 else "two"
        world.put_row(
            f"c{number}",
            state=State.FAILED,
            code="crashed",
            reason="It died.",
            batch=batch,
            updated=float(number),
        )
    world.put_row("d", state=State.FAILED, code="damaged", reason="cut short", batch="two")
    world.put_row("e", state=State.DONE, batch="one")
    return world


def test_what_failed_is_grouped_by_its_code_with_a_sentence_advice_and_examples(
    client: Client, failed: World
) -> None:
    crashed, damaged = told(client)["groups"]
    assert (crashed["code"], crashed["count"], damaged["code"], damaged["count"]) == (
        "crashed",
        5,
        "damaged",
        1,
    )
    assert "ended the process" in crashed["sentence"]
    assert "try another pipeline" in crashed["advice"]
    assert [example["id"] for example in crashed["examples"]] == ["c4", "c3", "c2"]
    assert [(each["batch"], each["count"]) for each in crashed["batches"]] == [("one", 3), ("two", 2)]
    assert (crashed["remedies"], damaged["remedies"]) == (["retry", "another_pipeline"], [])
    assert [group["count"] for group in told(client, batch="one")["groups"]] == [3]


def test_the_batches_of_a_reason_are_called_what_people_call_them(client: Client, failed: World) -> None:
    client.request("PUT", "/api/batches/one", json={"size": 4, "name": "Lisbon"})
    client.request("PUT", "/api/batches/two", json={"size": 2})
    one, two = told(client)["groups"][0]["batches"]
    assert (one["name"], two["name"]) == ("Lisbon", "")
    assert two["created"] > 0
    page = client.get("/failures").text
    assert "Lisbon" in page
    assert "A drop, now" in page


def test_a_code_that_nobody_here_knows_is_told_with_the_advice_of_its_job(
    client: Client, world: World
) -> None:
    world.put_row("a", state=State.FAILED, code="of_a_plugin", reason="No stars.", advice="Take it at night.")
    (group,) = told(client)["groups"]
    assert (group["sentence"], group["advice"]) == ("", "Take it at night.")
    assert "of_a_plugin" in client.get("/failures").text


def test_where_there_are_many_an_answer_counts_some_and_names_the_next(
    client: Client, failed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 4)
    first = told(client)
    assert first["counted"] == 4
    second = told(client, before=first["next"])
    assert (second["counted"], second["next"]) == (2, "")
    assert sum(group["count"] for group in first["groups"] + second["groups"]) == 6
    page = client.get("/failures").text
    assert "The latest 4 failed images" in page
    (older,) = re.findall(r'href="(/failures\?before=[^"]*)"', page)
    assert "2 images failed" in client.get(older).text
    assert client.get("/api/failures?before=yesterday").status_code == 422


def test_who_polls_is_told_once_until_something_changes(client: Client, failed: World) -> None:
    first = client.get("/api/failures")
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get("/api/failures", headers=tag).status_code == 304
    failed.put_row("new", state=State.FAILED, code="crashed")
    assert client.get("/api/failures", headers=tag).status_code == 200


def ended(world: World, key: str, code: type[DamagedImageError] = DamagedImageError) -> str:
    ask = world.drop(key)
    world.life.end(world.claim(ask), State.FAILED, failure=code("cut short"))
    return ask.job_id


def test_who_polls_is_told_which_images_a_newer_run_has_mended(client: Client, world: World) -> None:
    first, second = ended(world, "a.png"), ended(world, "b.png")
    ended(world, "only-failed.png")
    row = world.system.table.get(first)
    assert row is not None
    world.clock.now += 5
    # what was done before it failed mends nothing, nor does another image of the same name
    world.put_row("before", state=State.DONE, key="b.png", version=version_of(world, second), updated=1.0)
    world.put_row("other", state=State.DONE, key="a.png", version="another", updated=world.clock.now)
    assert told(client)["mended"] == 0
    world.put_row(
        "newer",
        state=State.DONE,
        key="a.png",
        version=row.version,
        pipeline="invert()",
        updated=world.clock.now,
    )
    answer = told(client)
    (group,) = answer["groups"]
    assert (answer["mended"], group["count"], group["mended"]) == (1, 3, 1)
    assert group["mended_by"] == [{"pipeline": "invert()", "count": 1}]
    assert {each["name"]: each["mended_by"] for each in group["examples"]} == {
        "a.png": "newer",
        "b.png": "",
        "only-failed.png": "",
    }
    page = client.get("/failures").text
    assert "1 of them is done since, in a newer run." in page
    assert "Done since in a newer run: 1 of 3" in page
    assert 'href="/jobs/newer"' in page


def version_of(world: World, job_id: str) -> str:
    row = world.system.table.get(job_id)
    assert row is not None
    return row.version


def test_looking_for_newer_runs_ends_after_a_bounded_number_of_jobs(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = version_of(world, ended(world, "a.png"))
    newer = world.clock.now + 1
    world.put_row("newer", state=State.DONE, key="a.png", version=version, updated=newer)
    for number in range(2):
        world.put_row(f"later{number}", state=State.DONE, updated=newer + 1)
    assert told(client)["mended"] == 1
    monkeypatch.setattr(newer_runs, "LOOKED_AT", 2)
    assert told(client)["mended"] == 0


def test_drops_without_a_name_are_told_apart_by_their_size_and_an_image(
    client: Client, failed: World
) -> None:
    client.request("PUT", "/api/batches/one", json={"size": 4})
    one, two = told(client)["groups"][0]["batches"]
    assert (one["size"], one["example"], two["size"], two["example"]) == (4, "c2.png", 0, "c4.png")
    page = " ".join(re.sub("<[^>]*>", " ", client.get("/failures").text.split("<template")[0]).split())
    assert "3 of 4 images, such as c2.png" in page
    assert "2 images, such as c4.png" in page


def test_what_advice_has_in_backticks_is_code_and_nothing_else_of_it_is_markup(
    client: Client, world: World
) -> None:
    world.put_row("a", state=State.FAILED, code="odd", advice="Ask `tilework <b>` & `x`, or `.")
    page = client.get("/failures").text
    assert "Ask <code>tilework &lt;b&gt;</code> &amp; <code>x</code>, or `." in page


def test_all_of_a_reason_go_through_another_pipeline_once_however_often_it_is_asked(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "RERUNS_AT_ONCE", 2)
    jobs = {ended(world, f"{number}.png") for number in range(3)}
    gone = ended(world, "gone.png")
    world.system.inputs.purge("gone.png")
    for expected in (3, 0):
        seen = queued = 0
        before = ""
        while True:
            wanted = {"code": "damaged", "pipeline": "invert", "before": before}
            answer = client.post("/api/jobs/rerun", json=wanted).json()
            seen, queued, before = seen + answer["seen"], queued + answer["queued"], answer["next"]
            if not before:
                break
        assert (seen, queued) == (4, expected)
    # what failed is still on record, beside what was made of it
    assert {row.id for row in world.system.table.list(State.FAILED)} == jobs | {gone}
    assert {row.pipeline for row in world.system.table.list(State.QUEUED)} == {"invert()"}
    assert (
        client.post("/api/jobs/rerun", json={"code": "damaged", "pipeline": "nonsense("}).status_code == 422
    )
    assert client.post("/api/jobs/rerun", json={"code": "", "pipeline": "invert"}).status_code == 422


def test_the_page_tells_each_reason_with_what_can_be_done_and_reads_without_javascript(
    client: Client, failed: World
) -> None:
    page = client.get("/failures?batch=two").text.split("<template")[0]
    crashed, damaged = page.split('<li class="reason"')[1:]
    assert "The work ended its own process" in crashed
    assert "2 images" in crashed
    assert 'href="/?state=FAILED&amp;code=crashed&amp;batch=two"' in crashed
    assert 'href="/api/export?format=csv&amp;code=crashed&amp;batch=two"' in crashed
    assert 'href="/docs#problem-crashed"' in crashed
    assert 'href="/jobs/c4"' in crashed
    retry = re.compile(r'<button type="button" data-field="retry"( hidden)?>')
    assert [retry.findall(each) for each in (crashed, damaged)] == [[""], [" hidden"]]
    assert "Trying again cannot help" in damaged


def test_the_page_says_so_where_nothing_failed(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE)
    assert "Nothing has failed." in client.get("/failures").text
    assert "Nothing of this drop has failed." in client.get("/failures?batch=x").text
