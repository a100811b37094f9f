"""Where people sign in, nobody sees a picture of another's; the routes are those that the preview has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from preview.app import create_app
from preview.settings import PreviewSettings
from tests.master.gateway import Gateway, routes
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Job, State

if TYPE_CHECKING:
    from tilework.jobs.system import System

SECRET = "harbour"
WINDOW = {"x": 0, "y": 0, "width": 8, "height": 8}


@pytest.fixture
def system() -> System:
    return memory_system()


@pytest.fixture
def zoes(system: System) -> Job:
    key = f"uploads/{SECRET}.png"
    version = system.inputs.put(key, b"no image", metadata={"owner": "zoe"}, content_type="image/png")
    row = Job("a" * 32, system.inputs.bucket, key, version, State.FAILED, owner="zoe", pipeline="invert()")
    assert system.table.create(row) is None
    return row


@pytest.fixture
def gateway(system: System) -> Gateway:
    return Gateway(create_app(PreviewSettings(sign_in=True, any_host=True), system))


def test_no_route_of_the_preview_answers_without_a_token(gateway: Gateway, zoes: Job) -> None:
    found = [(method, path) for method, path in routes(gateway.app) if "health" not in path]
    assert len(found) >= 2
    for method, path in found:
        told = gateway.request(method, path.replace("{job_id}", zoes.id))
        assert told.status_code == 401, (method, path)


def test_no_picture_of_anothers_is_there_by_job_or_by_key(gateway: Gateway, zoes: Job) -> None:
    for method, path in routes(gateway.app):
        if "{job_id}" not in path:
            continue
        address = path.replace("{job_id}", zoes.id).replace("{side}", "input")
        address = address.replace("{level}", "0").replace("{column}", "0").replace("{row}", "0")
        told = gateway.request(method, address, user="ada", params={"side": "input", "x": 0, "y": 0})
        assert told.status_code == 404, (method, path, told.text)
        assert SECRET not in told.text
    for of in ({"job": zoes.id}, {"key": zoes.key, "version": zoes.version}, {"key": zoes.key}):
        body = {**of, "pipeline": "invert", "window": WINDOW}
        told = gateway.post("/api/preview", user="ada", json=body)
        assert told.status_code in {404, 422}, (of, told.text)
        if told.status_code == 422:
            assert "version" in told.text
