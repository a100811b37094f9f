"""GET /api/operations, GET /api/pipeline, GET /api/health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from master.operations import catalogue
from master.words import Words
from tilework.imaging import plugins
from tilework.imaging.grammar import OUTPUTS
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


def test_the_operations_are_packed_for_who_can_unpack_and_not_sent_to_who_has_them(client: Client) -> None:
    plain = client.get("/api/operations", headers={"Accept-Encoding": "identity"})
    packed = client.get("/api/operations", headers={"Accept-Encoding": "gzip"})
    assert plain.json() == packed.json()
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 25_000 < int(plain.headers["content-length"])
    assert packed.headers["vary"] == "Accept-Encoding"
    again = client.get("/api/operations", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_operations_may_be_kept_only_under_the_address_that_is_true(client: Client) -> None:
    address = catalogue("blur(9)").address
    assert "immutable" in client.get(address).headers["cache-control"]
    for other in ("/api/operations", "/api/operations?v=0000"):
        assert client.get(other).headers["cache-control"] == "private, no-cache"
    assert catalogue("blur(3)").address != address


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
    ("text", "outputs"),
    [
        ("blur(9)", ["png", "jpeg", "tiff", "webp", "dzi", "xyz"]),
        ("output(xyz)", ["png", "jpeg", "tiff", "webp", "dzi", "xyz"]),
        ("canny(1, 2)", ["png", "tiff", "dzi", "xyz"]),
        ("grayscale | histogram", ["png", "tiff", "dzi", "xyz", "json", "csv"]),
        ("components", ["tiff", "json", "csv"]),
    ],
)
def test_a_pipeline_tells_the_outputs_that_would_be_obeyed(
    client: Client, text: str, outputs: list[str]
) -> None:
    assert client.get("/api/pipeline", params={"text": text}).json()["outputs"] == outputs


def test_the_page_has_a_name_for_every_family_and_every_output() -> None:
    names = Words().sentences["builder"]
    assert {f"family_{operation.family}" for operation in registry().values()} <= names.keys()
    assert {f"output_{output}" for output in OUTPUTS} <= names.keys()


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
