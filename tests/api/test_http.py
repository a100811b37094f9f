from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Heard, Server
from tilework.api.failures import NotSignedInError, NotThereError, NotThroughApiError
from tilework.api.http import Api, checked
from tilework.api.system import join_api
from tilework.errors import RefusedError, ServiceError, SettingsError, WrongStateError


def api(server: Server, token: str = "token-1") -> Api:
    return Api(server.url, lambda: token)


@pytest.mark.parametrize(
    "address", ["", "example.org", "ftp://a.example", "https://", "https://a.example?b=c"]
)
def test_what_is_no_address_of_an_api_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="no address"):
        checked(address)


def test_a_token_never_travels_in_clear() -> None:
    with pytest.raises(SettingsError, match="in clear"):
        checked("http://tiles.example")
    assert checked("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"
    assert checked("https://tiles.example/") == "https://tiles.example"


def test_each_request_bears_the_token_and_a_signed_address_does_not(server: Server) -> None:
    api(server).get("/api/jobs", state="DONE", batch="", limit=None)
    api(server, "").get("/api/jobs")
    api(server).download(f"{server.url}/signed?X-Amz-Signature=1", 0, 10)
    api(server).upload(f"{server.url}/bucket", {"key": "a"}, b"pixels")
    asked, without, download, upload = server.heard
    assert (asked.path, asked.headers["Authorization"]) == ("/api/jobs?state=DONE", "Bearer token-1")
    assert "Authorization" not in without.headers
    assert "Authorization" not in download.headers
    assert download.headers["Range"] == "bytes=0-9"
    assert "Authorization" not in upload.headers
    assert b"pixels" in upload.body


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NotSignedInError),
        (404, NotThereError),
        (409, WrongStateError),
        (422, RefusedError),
        (500, ServiceError),
    ],
)
def test_a_problem_is_told_in_its_own_words_as_one_of_our_failures(
    server: Server, status: int, kind: type[Exception]
) -> None:
    server.answer = lambda _: (status, {"detail": "This is why.", "advice": "Do that."})
    with pytest.raises(kind) as told:
        api(server).get("/api/jobs/1")
    if status != 401:
        assert (told.value.reason, told.value.advice) == ("This is why.", "Do that.")  # type: ignore[attr-defined]


def test_a_throttled_request_is_sent_again(server: Server) -> None:
    server.answer = lambda _: (
        (200, {"fine": True}) if len(server.heard) > 2 else (429, {"message": "Too many"})
    )
    assert api(server).get("/api/jobs") == {"fine": True}
    assert len(server.heard) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_search_that_did_not_end_in_time_is_not_begun_again(server: Server, status: int) -> None:
    server.answer = lambda _: (status, {"message": "Endpoint request timed out"})
    with pytest.raises(ServiceError):
        list(join_api(api(server)).table.of_id("beef"))
    assert len(server.heard) == 1


def test_a_file_whose_answer_is_lost_is_not_sent_again_since_it_may_be_stored(server: Server) -> None:
    def lose(_: Heard) -> tuple[int, dict[str, Any]]:
        raise ConnectionResetError

    server.answer = lose
    with pytest.raises(ServiceError, match="does not answer"):
        api(server).upload(f"{server.url}/bucket", {"key": "a"}, b"pixels")
    assert len(server.heard) == 1


def test_a_file_that_s3_has_no_time_for_is_sent_again(server: Server) -> None:
    server.answer = lambda _: (204, {}) if len(server.heard) > 1 else (503, {})
    api(server).upload(f"{server.url}/bucket", {"key": "a"}, b"pixels")
    assert len(server.heard) == 2


def test_a_redirect_takes_no_token_elsewhere(server: Server) -> None:
    server.answer = lambda _: (302, {})
    with pytest.raises(RefusedError):
        api(server).get("/api/jobs")
    assert len(server.heard) == 1


def test_what_the_api_does_not_offer_is_refused_with_a_sentence(server: Server) -> None:
    system = join_api(api(server))
    for ask in (system.table.create, system.inputs.purge, system.outputs.delete, system.jobs.receive):
        with pytest.raises(NotThroughApiError, match="AWS credentials"):
            ask("x")  # type: ignore[operator]
    assert server.heard == []
