from __future__ import annotations

import json
import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tilework.api.failures import NotSignedInError
from tilework.api.sessions import Session, Sessions, folder_of
from tilework.api.tokens import Tokens
from tilework.sign_in import SignIn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Heard, Server

API = "https://abc.execute-api.eu-central-1.amazonaws.com"


def session(url: str, *, end: float | None = None, refresh: str = "refresh-0") -> Session:
    end = time.time() + 900 if end is None else end
    return Session(SignIn(url, "client-1", "issuer-1"), Tokens("access-0", refresh, end, "zoe@example.org"))


def test_what_is_kept_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "tilework"
    mask = os.umask(0)
    try:
        Sessions(folder).keep(f"{API}/", session("https://a.example"))
    finally:
        os.umask(mask)
    assert stat.S_IMODE((folder / "sign-ins.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in sorted(folder.iterdir())] == ["lock", "sign-ins.json"]
    assert Sessions(folder).addresses() == [API]
    assert Sessions(folder).token(API) == "access-0"


def test_an_old_token_is_renewed_once_for_all_who_ask_at_once(server: Server, tmp_path: Path) -> None:
    def rotate(heard: Heard) -> tuple[int, dict[str, Any]]:
        good = heard.form["refresh_token"] == "refresh-0"
        told = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 900}
        return (200, told) if good else (400, {"error": "invalid_grant"})

    server.answer = rotate
    Sessions(tmp_path).keep(API, session(server.url, end=0))
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(Sessions(tmp_path).token(API))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["access-1"] * 8
    assert len(server.heard) == 1


def test_a_session_that_is_over_says_so(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: (400, {"error": "invalid_grant"})
    Sessions(tmp_path).keep(API, session(server.url, end=0))
    with pytest.raises(NotSignedInError):
        Sessions(tmp_path).token(API)


def test_a_logout_forgets_here_and_there_and_here_also_where_nobody_answers(
    server: Server, tmp_path: Path
) -> None:
    sessions = Sessions(tmp_path)
    sessions.keep(API, session(server.url))
    assert sessions.forget(API)
    (heard,) = server.heard
    assert (heard.path, heard.form["token"]) == ("/oauth2/revoke", "refresh-0")
    assert (sessions.addresses(), sessions.forget(API)) == ([], False)
    server.answer = lambda _: (500, {})
    sessions.keep(API, session(server.url))
    assert sessions.forget(API)
    assert sessions.addresses() == []


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"https://a.example": {}}', '{"a": 1}'])
def test_a_file_that_cannot_be_understood_signs_nobody_in_and_is_written_anew(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "sign-ins.json").write_text(text)
    sessions = Sessions(tmp_path)
    assert sessions.token(API) == ""
    sessions.keep(API, session("https://a.example"))
    assert list(json.loads((tmp_path / "sign-ins.json").read_text())) == [API]


def test_a_sign_in_drops_none_of_the_others_beside_one_that_cannot_be_understood(tmp_path: Path) -> None:
    other = API.replace("abc", "xyz")
    sessions = Sessions(tmp_path)
    sessions.keep(other, session("https://a.example"))
    path = tmp_path / "sign-ins.json"
    for broken in ({}, None, "text", {"sign_in": {}, "tokens": {"access": 1, "unknown": 2}}):
        told = json.loads(path.read_text())
        path.write_text(json.dumps({"https://broken.example": broken, **told}))
        assert sessions.token(other) == "access-0"
        sessions.keep(API, session("https://a.example"))
        assert sessions.addresses() == [API, other]


def test_it_lies_where_settings_of_programs_lie(tmp_path: Path) -> None:
    assert folder_of({"HOME": str(tmp_path)}) == tmp_path / ".config" / "tilework"
    assert folder_of({"HOME": "/x", "XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "tilework"
