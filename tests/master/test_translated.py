"""The API answers in the reader's language as far as the page's strings go; who asks for none is answered in English."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from master.operations import catalogue
from tilework.errors import DamagedImageError
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
CHOSEN = {"Accept-Language": "en", "Cookie": "tilework-lang=de"}

OWN = "Ask whoever photographed it."


@pytest.fixture
def failed(world: World) -> World:
    reason, advice = "The file ends early.", DamagedImageError.advice
    world.put_row("a", state=State.FAILED, code="damaged", reason=reason, advice=advice)
    world.put_row("b", state=State.FAILED, code="of_a_plugin", reason="It is Monday.", advice=OWN)
    return world


@pytest.mark.parametrize("headers", [GERMAN, CHOSEN])
def test_advice_on_failures_is_told_in_the_reader_s_language(
    client: Client, failed: World, headers: dict[str, str]
) -> None:
    groups = client.get("/api/failures", headers=headers).json()["groups"]
    jobs = client.get("/api/jobs", headers=headers).json()["jobs"]
    job = client.get("/api/jobs/a", headers=headers).json()
    page = client.get("/jobs/a", headers=headers).text
    for told in (groups, jobs, [job]):
        advice = {each["code"]: each["advice"] for each in told}
        assert advice["damaged"].startswith("Die Datei neu von dort holen")
        assert advice.get("of_a_plugin", OWN) == OWN
    assert "Die Datei neu von dort holen" in page
    assert '<p class="failure-reason" data-field="reason" lang="en">The file ends early.</p>' in page
    assert job["reason"] == "The file ends early."


def test_programs_that_ask_for_no_language_are_answered_in_english(client: Client, failed: World) -> None:
    assert client.get("/api/jobs/a").json()["advice"] == DamagedImageError.advice


def test_what_a_reader_has_in_one_language_is_told_anew_in_another(client: Client, failed: World) -> None:
    for address in ("/api/jobs", "/api/jobs/a", "/api/failures", "/api/operations"):
        english = client.get(address)
        known = {"If-None-Match": english.headers["etag"]}
        assert client.get(address, headers=known).status_code == 304
        assert client.get(address, headers=known | GERMAN).status_code == 200


def test_the_operations_are_explained_in_the_reader_s_language_and_called_as_ever(client: Client) -> None:
    plain = client.get("/api/operations").json()["operations"]
    told = client.get("/api/operations", headers=GERMAN).json()["operations"]
    few = client.get("/api/operations?names=blur", headers=GERMAN).json()["operations"]
    blur = next(each for each in told if each["name"] == "blur")
    assert few == [blur]
    assert blur["summary"].startswith("Weichzeichner nach Gauß")
    assert blur["parameters"][0]["help"] == "Spalten des Kerns, eine ungerade Zahl."
    for ours, theirs in zip(plain, told, strict=True):
        assert ours | {"summary": "", "parameters": []} == theirs | {"summary": "", "parameters": []}
        for one, other in zip(ours["parameters"], theirs["parameters"], strict=True):
            assert one | {"help": ""} == other | {"help": ""}


def test_each_language_has_an_address_of_its_own_under_which_its_operations_may_be_kept(
    client: Client,
) -> None:
    english, german = catalogue("blur(9)").address, catalogue("blur(9)", "de").address
    assert english in client.get("/").text
    assert german in client.get("/", headers=GERMAN).text
    assert "immutable" in client.get(german, headers=GERMAN).headers["cache-control"]
    # the cookie changed in another window: what is at that address now is not kept as what it was asked for
    assert client.get(german).headers["cache-control"] == "private, no-cache"


def test_what_a_pipeline_makes_and_what_is_wrong_with_a_request_are_told_in_the_reader_s_language(
    client: Client,
) -> None:
    made = client.get("/api/pipeline?text=canny(50, 100)", headers=GERMAN).json()
    assert made["result"] == "Das Ergebnis ist eine Maske: PNG, oder bei einem TIFF ein TIFF."
    wrong = client.get("/api/pipeline?text=blur(", headers=GERMAN).json()
    assert wrong["advice"].startswith("`tilework operations` zeigt")
    assert json.dumps(wrong["detail"]).isascii()
