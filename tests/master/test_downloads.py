"""GET /api/downloads: where many results are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from master.downloads import portable
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def test_results_of_a_batch_are_told_page_by_page_with_signed_addresses(client: Client, world: World) -> None:
    for number in range(130):
        world.put_row(
            f"j{number:03}",
            state=State.DONE,
            batch="b",
            result_key=f"results/{number}.png",
            updated=float(number),
        )
    world.put_row("failed", state=State.FAILED, batch="b")
    world.put_row("elsewhere", state=State.DONE, batch="c", result_key="results/x.png")
    first = client.get("/api/downloads?batch=b").json()
    second = client.get(f"/api/downloads?batch=b&before={first['next']}").json()
    told = first["downloads"] + second["downloads"]
    assert (len(first["downloads"]), len(told), second["next"]) == (100, 130, "")
    assert told[0]["s3"] == "s3://memory-output/results/129.png"
    assert told[0]["name"] == "j129-blur-9.png"
    assert "results/129.png" in told[0]["url"]


def test_some_jobs_are_named_and_those_without_a_result_left_out(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE, result_key="results/a.png")
    world.put_row("b", state=State.RUNNING)
    answer = client.get("/api/downloads?ids=b,a")
    assert [each["job"] for each in answer.json()["downloads"]] == ["a"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b:c\x07.png", "a_b_c_.png"),
        ("\u202egpj.exe", "_gpj.exe"),
        (" .. ", "unnamed"),
        ("Häfen & Öl.png", "Häfen & Öl.png"),
    ],
)
def test_a_name_leads_nowhere_and_fits_every_system(name: str, told: str) -> None:
    assert portable(name) == told
