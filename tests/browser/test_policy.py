"""What the page's policy stops in a real browser: text that would become markup, frames, and ways to other sites."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from tests.browser.conftest import Served
from tilework.sign_in import SignIn

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Window

SINKS = (
    "document.body.innerHTML = '<p>x</p>'",
    "document.body.insertAdjacentHTML('beforeend', '<p>x</p>')",
    "new DOMParser().parseFromString('<p>x</p>', 'text/html')",
    "document.createElement('script').src = 'https://evil.example/x.js'",
    "document.createElement('script').text = '1'",
    "document.write('<p>x</p>')",
    "trustedTypes.createPolicy('mine', { createHTML: (text) => text })",
)


def test_no_text_becomes_markup_or_code_but_where_it_is_meant_to(served: Served, window: Window) -> None:
    window.allow("TrustedHTML", "TrustedScript", "Trusted Type", "Policy")
    page = window.open(served.url)
    expect(page.locator("#empty")).to_be_visible()
    for sink in SINKS:
        with pytest.raises(Error, match=r"Trusted|Policy"):
            page.evaluate(f"() => {{ {sink} }}")
    # what vendored modules empty themselves with
    page.evaluate("document.createElement('div').innerHTML = ''")


@pytest.mark.page
def test_no_other_site_frames_the_page(served: Served, window: Window) -> None:
    window.allow("frame-ancestors", "Framing", "ERR_BLOCKED_BY_RESPONSE")
    page = window.context.new_page()
    page.route("https://evil.example/", lambda route: route.fulfill(
        content_type="text/html", body=f'<iframe src="{served.url}/"></iframe>'
    ))  # fmt: skip
    page.goto("https://evil.example/")
    page.wait_for_timeout(500)
    framed = [frame for frame in page.frames if frame.parent_frame]
    assert all(not frame.url.startswith(served.url) for frame in framed)


@pytest.mark.page
def test_another_site_can_neither_read_nor_order_anything(served: Served, window: Window) -> None:
    window.allow("CORS", "ERR_FAILED", "Failed to load", "blocked")
    page = window.context.new_page()
    page.route(
        "https://evil.example/", lambda route: route.fulfill(content_type="text/html", body="<p>hello")
    )
    page.goto("https://evil.example/")
    attempts = (
        f"fetch('{served.url}/api/jobs').then((answer) => answer.text())",
        f"fetch('{served.url}/api/jobs/retry', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }}, body: '{{}}' }})",
    )
    for attempt in attempts:
        assert page.evaluate(f"{attempt}.then(() => 'read', () => 'refused')") == "refused"
    # what a form can send is refused by the master
    status = page.request.post(f"{served.url}/api/jobs/retry", form={"code": ""}).status
    assert status == 415


@pytest.mark.page
@pytest.mark.parametrize(
    "view", ["//evil.example/x", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_sign_in_comes_back_to_this_site_only(served: Served, window: Window, view: str) -> None:
    sign_in = SignIn("https://sign-in.example", "client", "https://issuer.example")
    gated = Served(served.system, replace(served.settings, sign_in=sign_in))
    gated.start()
    claims = {"nonce": "n", "aud": "client", "iss": sign_in.issuer, "email": "zoe@example.org"}
    token = f"x.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"
    tokens = {"id_token": token, "access_token": "a.b.c", "refresh_token": "r", "expires_in": 900}

    def grant(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
        route.fulfill(content_type="application/json", headers=headers, body=json.dumps(tokens))

    pending = {"state": "s", "nonce": "n", "verifier": "v", "view": view}
    window.context.route("https://sign-in.example/**", grant)
    window.context.route(
        "**/api/**",
        lambda route: route.fulfill(content_type="text/html", body="<main>in</main><button id=sign-out>"),
    )
    window.context.add_init_script(
        f"if (!sessionStorage.getItem('tilework.session')) sessionStorage.setItem('tilework.sign-in', {json.dumps(json.dumps(pending))})"
    )
    try:
        page = window.open(f"{gated.url}/signed-in?state=s&code=c")
        expect(page.locator("main")).to_have_text("in")
        assert page.url == f"{gated.url}/"
    finally:
        gated.stop()
