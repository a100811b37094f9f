"""Language and theme: as chosen, else as the browser has it; kept by cookies, without a script, and safe to be led to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from master import choices
from master.choices import VARY
from tests.master.conftest import Client

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fr, de;q=0.2, en;q=0.4", "en"),
        ("en;q=0, de;q=0.1", "de"),
        ("", "en"),
        ("tlh, *", "en"),
        ("de;q=nonsense, ,;;=,", "en"),
        ("DE", "de"),
        ("x" * 100_000 + ",de", "en"),
    ],
)
def test_the_browser_s_language_is_taken(client: Client, header: str, language: str, known: None) -> None:
    answer = client.get("/fleet", headers={"Accept-Language": header})
    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["Content-Language"] == language
    assert answer.headers["Vary"].startswith(VARY)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """English and German, whatever other languages there are."""
    monkeypatch.setattr(choices, "languages", lambda: {"en": "English", "de": "Deutsch"})


def test_a_link_chooses_and_leads_to_the_same_page_without_it(client: Client) -> None:
    answer = client.get("/?state=DONE&lang=en&batch=a%26b&theme=dark")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?state=DONE&batch=a%26b")
    cookies = answer.headers.get_list("set-cookie")
    assert [each.split(";")[0] for each in cookies] == ["tilework-lang=en", "tilework-theme=dark"]
    assert all("samesite=lax" in each.lower() and "path=/" in each.lower() for each in cookies)


def test_what_was_chosen_goes_before_what_the_browser_wants(client: Client) -> None:
    page = client.get("/fleet", headers=GERMAN | {"Cookie": "tilework-lang=en; tilework-theme=dark"}).text
    assert '<html lang="en" data-theme="dark">' in page
    assert '<meta name="color-scheme" content="dark">' in page


def test_without_a_choice_the_device_decides_on_light_and_dark(client: Client) -> None:
    for cookie in ("", "tilework-theme=auto", "tilework-theme=pink", 'tilework-theme="><script>'):
        page = client.get("/fleet", headers={"Cookie": cookie}).text
        assert "data-theme=" not in page.split(">", 2)[1]
        assert '<meta name="color-scheme" content="light dark">' in page


@pytest.mark.parametrize("query", ["lang=klingon", "theme=pink", "lang=", "theme=%22%3E%3Cscript%3E"])
def test_what_nobody_offers_chooses_nothing(client: Client, query: str) -> None:
    answer = client.get(f"/fleet?{query}")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/%2Fevil.example/", "/\\evil.example", "/%5Cevil.example"]
)
def test_nobody_is_led_to_another_site(client: Client, path: str) -> None:
    answer = client.get(f"{path}?theme=dark", headers={"Accept": "text/html"})
    location = answer.headers.get("Location", "/")
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "path", ["/jobs/%E2%98%83", "/jobs/%C3%A4%20b", "/jobs/%25%3F%23", "/jobs/a%0D%0Ax:%20y"]
)
def test_whatever_letters_a_path_has_it_is_led_back_to(client: Client, path: str) -> None:
    answer = client.get(f"{path}?theme=dark", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, path.replace(":", "%3A"))


def test_the_page_s_links_keep_what_is_looked_at(client: Client) -> None:
    page = client.get("/?state=FAILED&batch=x").text
    assert 'href="/?state=FAILED&amp;batch=x&amp;theme=dark"' in page
    assert 'href="/?state=FAILED&amp;batch=x&amp;lang=en"' in page


def test_a_problem_of_a_page_is_told_in_the_chosen_theme_too(
    client: Client, client_of: Callable[..., Client]
) -> None:
    page = client.get("/jobs/nothing", headers={"Accept": "text/html", "Cookie": "tilework-theme=dark"})
    assert page.status_code == 404
    assert 'data-theme="dark"' in page.text
