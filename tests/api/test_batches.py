"""Batches through the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tilework.api.http import Api
from tilework.api.system import join_api
from tilework.cli.batches import standing_of, told
from tilework.jobs.batches import Batch
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.api.conftest import Heard, Server


def test_a_batch_is_noted_and_counted_by_the_master(server: Server) -> None:
    states = {state.value: 0 for state in State} | {"DONE": 1979, "FAILED": 21}

    def answer(heard: Heard) -> tuple[int, dict[str, Any]]:
        if heard.method == "PUT":
            return 201, {"batch": "a/b ü", "name": "", "size": json.loads(heard.body)["size"], "created": 1.0}
        return 200, {
            "batch": "a/b ü", "name": "", "size": 2000, "created": 1.0, "states": states, "waiting": 0,
            "seconds_left": None,
        }  # fmt: skip

    server.answer = answer
    system = join_api(Api(server.url, lambda: ""))
    system.batches.note(Batch("a/b ü", "", 2000))
    whole = standing_of(system, "a/b ü")
    assert whole is not None
    assert told(whole) == "done 1,979, failed 21 of 2,000"
    assert {heard.path for heard in server.heard} == {"/api/batches/a%2Fb%20%C3%BC"}


def test_a_batch_that_is_not_there_is_none(server: Server) -> None:
    server.answer = lambda _: (404, {"code": "no_such_batch", "detail": "Nothing is known of it."})
    assert standing_of(join_api(Api(server.url, lambda: "")), "b") is None
