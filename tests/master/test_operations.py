"""GET /api/operations, GET /api/pipeline, GET /api/health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tilework.imaging import plugins
from tilework.imaging.operation_facts import described
from tilework.imaging.operations import registry
from tilework.imaging.plugins import Origin, Plugin

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def test_every_operation_is_told_as_it_describes_itself(client: Client) -> None:
    told = client.get("/api/operations").json()
    assert [each["name"] for each in told["operations"]] == list(registry())
    assert {"blur", "canny", "invert", "erode", "dilate"} <= set(registry())
    assert told["operations"][0] == described(next(iter(registry().values())))
    assert told["default_pipeline"] == "blur(9)"


def test_plugins_are_told_and_why_one_is_disabled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/api/operations").json()["plugins"] == []
    found = [
        Plugin("halve", Origin("acme", "1.2"), ("halve",)),
        Plugin("mend", Origin("broken", "3"), ("mend",), "ImportError: no licence"),
    ]
    monkeypatch.setattr(plugins, "_plugins", {(one.origin.distribution, one.name): one for one in found})
    told = client.get("/api/operations").json()
    assert [(one["distribution"], one["version"], one["reason"]) for one in told["plugins"]] == [
        ("acme", "1.2", ""),
        ("broken", "3", "ImportError: no licence"),
    ]
    assert {one["origin"]["distribution"] for one in told["operations"]} == {"tilework"}
    problem = client.get("/api/pipeline", params={"text": "blur(9) | mend"})
    assert problem.status_code == 422
    assert "broken 3 has it, and is disabled: ImportError: no licence" in problem.text


def test_a_pipeline_is_understood_step_by_step(client: Client) -> None:
    told = client.get("/api/pipeline", params={"text": "blur(9)|canny(100,200)"}).json()
    assert told["canonical"] == "blur(9) | canny(100, 200)"
    assert told["makes_mask"] is True
    assert told["steps"][0]["arguments"] == {"width": 9, "height": 9, "sigma": 0.0}


def test_a_pipeline_that_only_asks_for_an_output_is_understood(client: Client) -> None:
    told = client.get("/api/pipeline", params={"text": "output(tiff)"}).json()
    assert (told["canonical"], told["steps"], told["makes_mask"]) == ("output(tiff)", [], False)


def test_a_pipeline_tells_what_frames_it_and_what_it_could_report(client: Client) -> None:
    def told(text: str) -> tuple[object, ...]:
        answer = client.get("/api/pipeline", params={"text": text}).json()
        return answer["page"], answer["output"], answer["reports"]

    assert told("page(2) | invert | output(png)") == (2, "png", [])
    assert told("invert | components") == (None, None, ["json", "csv"])
    assert told("components | output(csv)") == (None, "csv", ["json", "csv"])
    problem = client.get("/api/pipeline", params={"text": "invert | output(json)"}).json()
    assert (problem["code"], problem["position"]) == ("bad_pipeline", 9)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("blur(9)", "The result keeps the format it came in, where that can hold it."),
        ("canny(1, 2)", "The result is a mask: PNG, or TIFF for a TIFF."),
        ("threshold(9) | invert", "The result is a mask: PNG, or TIFF for a TIFF."),
        ("canny(1, 2) | output(jpeg)", "The result is a mask: PNG."),
        ("blur(9) | output(png)", "The result is a PNG."),
        ("invert | output(jpeg)", "The result is a JPEG."),
        ("invert | output(dzi)", "The result is an archive of tiles for viewers (.dzi.tar)."),
        (
            "histogram",
            "The result is a PNG, or TIFF for a TIFF. output(json) or output(csv) behind it gives its numbers instead.",
        ),
        (
            "components",
            "The result is of numbers that only a TIFF holds. output(json) or output(csv) behind it gives its numbers instead.",
        ),
        ("components | output(csv)", "The result is a report, and no image."),
    ],
)
def test_a_pipeline_tells_what_its_result_will_be(client: Client, text: str, result: str) -> None:
    assert client.get("/api/pipeline", params={"text": text}).json()["result"] == result


def test_health_tells_what_waits(client: Client, world: World) -> None:
    world.drop()
    health = client.get("/api/health").json()
    assert health["status"] == "ok"
    assert health["jobs"]["visible"] == 1
