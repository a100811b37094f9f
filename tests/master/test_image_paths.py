"""The preview's paths of images, as the master tells of them and hands them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.master.conftest import Client

BELOW = ("", "/tiles/{level}/{column}/{row}", "/pixel", "/histogram")


def test_the_description_tells_of_all(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    for path in BELOW:
        told = document["paths"][f"/api/jobs/{{job_id}}/images/{{side}}{path}"]["get"]
        assert told["summary"]
        assert told["description"]
    assert {"ZoomedImage", "ZoomedPixel", "ZoomedHistogram"} <= document["components"]["schemas"].keys()


@pytest.mark.parametrize("path", ["", "/tiles/0/0/0", "/pixel?x=0&y=0", "/histogram"])
def test_where_there_is_no_preview_that_is_said(client: Client, path: str) -> None:
    answer = client.get(f"/api/jobs/a/images/input{path}")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_preview")


@pytest.mark.parametrize("path", ["other", "input/tiles/a/0/0", "input/pixel?x=0.5&y=0"])
def test_what_makes_no_sense_is_not_handed_on(client: Client, path: str) -> None:
    assert client.get(f"/api/jobs/a/images/{path}").status_code == 422
