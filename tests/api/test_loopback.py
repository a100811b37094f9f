from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
import urllib3

from tilework.api.failures import SignInError
from tilework.api.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ear() -> Iterator[Loopback]:
    ear = Loopback((0,))
    yield ear
    ear.close()


def hearing(ear: Loopback, state: str, seconds: float = 20) -> tuple[threading.Thread, list[object]]:
    heard: list[object] = []

    def wait() -> None:
        try:
            heard.append(ear.wait(state, seconds))
        except SignInError as error:
            heard.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, heard


def visit(ear: Loopback, path: str = "/", **query: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", f"http://127.0.0.1:{ear.port}{path}?{urlencode(query)}", timeout=20)


def test_only_the_answer_with_our_state_ends_the_waiting(ear: Loopback) -> None:
    thread, heard = hearing(ear, "ours")
    assert visit(ear, code="stolen").status == 404
    assert visit(ear, code="stolen", state="theirs").status == 404
    assert visit(ear, code="stolen", state="").status == 404
    assert visit(ear, "/favicon.ico", state="ours").status == 404
    answer = visit(ear, code="good", state="ours")
    thread.join()
    assert (answer.status, heard) == (200, ["good"])
    assert answer.headers["cache-control"] == "no-store"
    assert b"good" not in answer.data


def test_a_refusal_is_told_with_its_reason(ear: Loopback) -> None:
    thread, heard = hearing(ear, "ours")
    assert visit(ear, error="access_denied", error_description="No such user", state="ours").status == 400
    thread.join()
    assert "No such user" in str(heard[0])


def test_nobody_is_waited_for_for_ever(ear: Loopback) -> None:
    with pytest.raises(SignInError, match="Nobody signed in"):
        ear.wait("ours", 0.05)


def test_a_port_that_is_taken_is_passed_over_and_all_taken_is_told(ear: Loopback) -> None:
    other = Loopback((ear.port, 0))
    assert other.port != ear.port
    other.close()
    with pytest.raises(SignInError, match="taken"):
        Loopback((ear.port,))


def test_nobody_outside_this_machine_is_heard(ear: Loopback) -> None:
    assert ear._server.server_address[0] == "127.0.0.1"
