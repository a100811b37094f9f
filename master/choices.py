"""What a reader has chosen of the page: its language, and light or dark. Cookies keep it, so that the server renders it so.

Two links choose, which work without JavaScript: ``?lang=de`` or ``?theme=dark`` on any page sets the cookie and leads to the
same page. Neither does harm where another site makes somebody follow such a link.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse

from master.words import ENGLISH, languages
from tilework.service.conditional import YEAR_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

THEMES: Final = ("auto", "light", "dark")

COOKIES: Final[Mapping[str, str]] = {"lang": "tilework-lang", "theme": "tilework-theme"}
"""By the name of the link's parameter. Programs on one machine share its cookies, whatever their ports: hence the prefix."""

LONGEST_HEADER: Final = 1000
"""Characters of an Accept-Language header that are read: no browser sends as many."""

VARY: Final = "Accept-Language, Cookie"


def language_of(request: Request) -> str:
    """The language chosen, else the one that the browser wants most of those there are, else English."""
    chosen = request.cookies.get(COOKIES["lang"], "")
    if chosen in languages():
        return chosen
    for wanted in _wanted(request.headers.get("accept-language", "")[:LONGEST_HEADER]):
        if wanted.split("-")[0] in languages():
            return wanted.split("-")[0]
    return ENGLISH


def theme_of(request: Request) -> str:
    """Light, dark, or auto: as the device has it."""
    chosen = request.cookies.get(COOKIES["theme"], "")
    return chosen if chosen in THEMES else "auto"


def taken(request: Request) -> HTMLResponse | None:
    """Where the address chooses something: the answer that keeps it, and leads to the address without it."""
    offered: Mapping[str, Sequence[str]] = {"lang": tuple(languages()), "theme": THEMES}
    query = request.query_params.multi_items()
    found = {name: value for name, value in query if value in offered.get(name, ())}
    if not found:
        return None
    rest = urlencode([each for each in query if each[0] not in COOKIES])
    # a path of two slashes would name another site; an address in a header is ASCII, and the path has been unquoted
    path = "/" + quote(request.scope["path"].lstrip("/\\"))
    answer = HTMLResponse("", HTTPStatus.SEE_OTHER, {"Location": path + (f"?{rest}" if rest else "")})
    answer.headers["Cache-Control"] = "no-store"
    for name, value in found.items():
        answer.set_cookie(
            COOKIES[name],
            value,
            max_age=YEAR_SECONDS,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return answer


def links(request: Request, path: str, name: str, values: Sequence[str]) -> Mapping[str, str]:
    """The addresses on the page at ``path`` that choose each of ``values`` for ``name``, and keep all else of the query."""
    rest = [each for each in request.query_params.multi_items() if each[0] not in COOKIES]
    return {value: f"{path}?{urlencode([*rest, (name, value)])}" for value in values}


def _wanted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    found = []
    for each in header.split(","):
        tag, _, weight = each.partition(";")
        found.append((_weight(weight), tag.strip().lower()))
    return [tag for weight, tag in sorted(found, key=lambda one: -one[0]) if weight > 0]


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
