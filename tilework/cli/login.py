"""``tilework login`` and ``tilework logout``: a browser signs in, and this machine remembers it."""

from __future__ import annotations

import os
import webbrowser
from typing import TYPE_CHECKING

from tilework.api.failures import SignInError, failure_of
from tilework.api.http import Http, checked, is_loopback
from tilework.api.loopback import Loopback
from tilework.api.sessions import Session, Sessions, folder_of
from tilework.api.tokens import Attempt
from tilework.cli import consoles, statuses
from tilework.cli.joining import API_NAME
from tilework.cli.statuses import UsageError
from tilework.shown import shown
from tilework.sign_in import SCOPES, SignIn, loopback_url

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_SECONDS = 300.0
"""For a password, a code of an app, and the new password of who signs in for the first time."""


def run_login(address: str, *, browser: bool) -> int:
    """Sign in to the API at ``address``; the exit status."""
    api = checked(address or os.environ.get(API_NAME, "") or _only_one())
    sign_in = where_to_sign_in(api)
    if sign_in is None:
        consoles.talk().print(f"Nobody has to sign in to {api}: --api is enough.", soft_wrap=True)
        return statuses.ALL_DONE
    ear = Loopback()
    try:
        attempt = Attempt(sign_in, SCOPES, loopback_url(ear.port))
        _show(attempt.address, browser=browser)
        tokens = attempt.exchange(Http(sign_in.url), ear.wait(attempt.state, PATIENCE_SECONDS))
    finally:
        ear.close()
    _sessions().keep(api, Session(sign_in, tokens))
    consoles.talk().print(f"Signed in to {api} as {shown(tokens.email) or 'somebody'}.", soft_wrap=True)
    return statuses.ALL_DONE


def run_logout(address: str) -> int:
    """End the session with the API at ``address``; the exit status."""
    api = checked(address or os.environ.get(API_NAME, "") or _only_one())
    was = _sessions().forget(api)
    consoles.talk().print(
        f"Signed out of {api}." if was else f"Nobody was signed in to {api}.", soft_wrap=True
    )
    return statuses.ALL_DONE


def where_to_sign_in(api: str) -> SignIn | None:
    """What an API tells; None where nobody has to. Raises SignInError where its pages are nothing to trust."""
    answer = Http(api).send("GET", f"{api}/sign-in", headers={"Accept": "application/json"})
    try:
        document = answer.json()
        told = document["sign_in"] if answer.status == 200 else None  # noqa: PLR2004
    except (ValueError, KeyError, TypeError):
        raise SignInError(
            f"{api} does not tell where to sign in: it is no API of Tilework, or one without sign-in.",
            advice="It is the output ApiUrl of the stack; with sign_in=false, requests are signed with IAM credentials.",
        ) from None
    if answer.status != 200:  # noqa: PLR2004
        raise failure_of(answer.status, document)
    return None if told is None else _trusted(told)


def _trusted(told: Mapping[str, str]) -> SignIn:
    url = str(told["url"])
    if not url.startswith("https://") and not is_loopback(url):
        raise SignInError(f"{shown(url)} is no safe place to sign in.")
    return SignIn(url, str(told["client"]), str(told["issuer"]))


def _show(address: str, *, browser: bool) -> None:
    talk = consoles.talk()
    if not browser or not webbrowser.open(address):
        talk.print("Open this address in a browser on this machine:")
    else:
        talk.print("A browser opens, to sign in. If it does not, open this address:")
    talk.print(address, soft_wrap=True)


def _only_one() -> str:
    """The API that somebody is signed in to, where it is one."""
    known = _sessions().addresses()
    if len(known) != 1:
        raise UsageError(
            "Say to which API: `tilework login https://…`.", advice="It is the output ApiUrl of the stack."
        )
    return known[0]


def _sessions() -> Sessions:
    return Sessions(folder_of(os.environ))
