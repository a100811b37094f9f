"""POST /api/uploads: a signed form straight into the input bucket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tilework.jobs import metadata_text

if TYPE_CHECKING:
    from tests.master.conftest import Client


def ask(client: Client, **wanted: Any) -> dict[str, Any]:
    response = client.post("/api/uploads", json={"filename": "photo.jpg", "pipeline": "blur(9)"} | wanted)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_the_form_carries_the_pipeline_in_its_canonical_form_and_the_batch(client: Client) -> None:
    answer = ask(client, pipeline=" blur( width=9 )|canny(100,200) ", batch="drop-1")
    assert answer["pipeline"] == "blur(9) | canny(100, 200)"
    assert answer["fields"]["x-amz-meta-pipeline"] == "blur(9) | canny(100, 200)"
    assert answer["fields"]["x-amz-meta-batch"] == answer["batch"] == "drop-1"


def test_an_upload_without_a_pipeline_gets_the_deployments_own(client: Client) -> None:
    assert ask(client, pipeline=None)["pipeline"] == "blur(9)"


def test_an_upload_without_a_batch_gets_one_of_its_own(client: Client) -> None:
    first, second = ask(client), ask(client)
    assert first["batch"]
    assert first["batch"] != second["batch"]


def test_the_same_name_twice_never_gets_the_same_key(client: Client) -> None:
    assert ask(client)["key"] != ask(client)["key"]


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Häfen & Öl +%41?#.png", "Häfen & Öl +%41?#.png"),
        ("日本語 🦊.png", "日本語 🦊.png"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("a\x00\n\x1b[31mb.png", "a___[31mb.png"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("${filename}.png", "_{filename}.png"),
        ("back\\slash.png", "back_slash.png"),
        ("\\\\server\\share\\a.png", "a.png"),
        ("..", "unnamed"),
        ("folder/", "unnamed"),
    ],
)
def test_a_files_name_stays_readable_in_its_key_and_harmless(
    client: Client, filename: str, kept: str
) -> None:
    key = ask(client, filename=filename)["key"]
    prefix, _, name = key.rpartition("/")
    assert re.fullmatch(r"uploads/2025-11-24/[0-9a-f]{16}", prefix)
    assert name == kept


def test_a_name_with_half_a_surrogate_pair_is_no_text(client: Client) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/api/uploads", content=b'{"filename": "a\\ud800.png"}', headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "filename"


def test_the_longest_name_still_makes_a_key_that_s3_takes(client: Client) -> None:
    key = ask(client, filename="界" * 1024)["key"]
    assert len(key.encode()) <= 1024
    assert key.endswith("界")


def test_a_pipeline_that_cannot_be_understood_is_pointed_at_and_corrected(client: Client) -> None:
    response = client.post("/api/uploads", json={"filename": "a.png", "pipeline": "blur(9) | canyn(1, 2)"})
    problem = response.json()
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "bad_pipeline"
    assert problem["position"] == 10
    assert problem["field"] == "pipeline"
    assert "'canny'" in problem["detail"]


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(client: Client) -> None:
    response = client.post("/api/uploads", json={"filename": "a.png", "size": 1_000_001})
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


@pytest.mark.parametrize("batch", ["a b", "ä", "x" * 65, "<b>"])
def test_a_batch_is_a_plain_word(client: Client, batch: str) -> None:
    response = client.post("/api/uploads", json={"filename": "a.png", "batch": batch})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "batch"


def test_a_form_that_another_site_could_post_is_no_request_for_an_upload(client: Client) -> None:
    headers = {"Content-Type": "text/plain", "Origin": "https://elsewhere.example"}
    response = client.post("/api/uploads", content='{"filename": "a.png"}', headers=headers)
    assert response.status_code == 415


def test_the_owner_is_whom_the_gateways_authorizer_named_and_no_header(client: Client) -> None:
    claims = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "Zoë"}}}}}
    application = client.app

    async def behind_gateway(scope: Any, receive: Any, send: Any) -> None:
        await application(scope | {"aws.event": claims}, receive, send)

    signed_in = type(client)(behind_gateway)  # type: ignore[arg-type]
    fields = ask(signed_in)["fields"]
    assert metadata_text.decode(fields["x-amz-meta-owner"]) == "Zoë"
    alone = client.post("/api/uploads", json={"filename": "a.png"}, headers={"X-Owner": "eve"})
    assert "x-amz-meta-owner" not in alone.json()["fields"]


def test_a_name_that_is_beyond_shortening_is_refused_in_a_sentence_of_its_own(client: Client) -> None:
    for address in ("/api/uploads", "/api/uploads/multipart"):
        answer = client.post(address, json={"filename": "x" * 1025, "size": 20_000})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "name_too_long")
        assert "1,025 characters" in problem["detail"]
        assert problem["advice"] == "Rename the file, and upload it again."
