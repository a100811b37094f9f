"""Names, batches, reasons, pipelines and codes of strangers on every page: shown as they are, and never more than text."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from master.jobs import display_name
from master.page import ROWS_RENDERED
from tests.hostile_keys import ON_A_PAGE
from tilework.jobs.history import Deed, Entry
from tilework.jobs.job import Job, State
from tilework.shown import shown

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


REASON = ("class", "data-code", "data-count")
ROW = ("class", "role", "data-id", "data-state")


class Structure(HTMLParser):
    """What a browser makes of a page: its elements with the names of their attributes, its texts, its addresses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [
            value or "" for name, value in attrs if name in {"href", "src", "action", "srcdoc"}
        ]

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", (data,)))


def put(world: World, number: int, text: str) -> Job:
    """A failed job of which everything that a stranger writes is ``text``."""
    entry = Entry(
        Deed.ATTEMPT, 1.0, end=2.0, number=1, host=text, rank=1, outcome=None, code=text[:60], reason=text
    )
    # advice is our own, and what stands in backticks in it is code
    advice = text.replace("`", "")
    return world.put_row(
        f"{number:032x}", key=text, version=text, state=State.FAILED, code=text[:60], reason=text, advice=advice,
        pipeline=text, batch=text[:60], note=text, owner=text, dtype=text, history=(entry,), updated=1e9 - number,
    )  # fmt: skip


def test_there_are_thirty_nine_of_them_and_no_two_alike() -> None:
    assert len(ON_A_PAGE) == len(set(ON_A_PAGE)) == 39


@pytest.mark.parametrize("text", ON_A_PAGE, ids=lambda text: repr(text)[1:25])
def test_what_strangers_write_is_text_and_changes_no_element(world: World, client: Client, text: str) -> None:
    pages = ("/jobs/{id}", "/failures", "/failures?batch={batch}")
    # what a browser may show is told by the suffix
    plain = put(world, 1, "x" * 12 + (".png" if text.endswith(".png") else ""))
    expected = [Structure(client.get(at(path, plain)).text) for path in pages]
    world.system.table.delete(plain.id)
    row = put(world, 1, text)
    for path, harmless in zip(pages, expected, strict=True):
        seen = Structure(client.get(at(path, row)).text)
        assert seen.elements == harmless.elements, path
        leaves(seen)
        # whole, on one line, with what is invisible spelled out
        assert shown(text).strip() in seen.texts, path
        assert display_name(row).strip() in seen.texts, path


def at(path: str, row: Job) -> str:
    return path.format(id=row.id, batch=quote(row.batch, safe=""))


def leaves(seen: Structure) -> None:
    """No address of the page leads to another place, or runs anything."""
    assert not [each for each in seen.addresses if re.match(r"\s*(javascript|data|https?|//)", each)]


def test_all_of_them_beside_each_other_are_each_a_row_and_a_reason(world: World, client: Client) -> None:
    rows = [put(world, number, text) for number, text in enumerate(ON_A_PAGE)]
    for path in ("/", "/?state=FAILED", "/failures"):
        page = client.get(path).text
        seen = Structure(page)
        leaves(seen)
        items = [attributes for tag, attributes in seen.elements if tag in {"li", "div"}]
        # the modules ask for what the server leaves out
        there = rows if path == "/failures" else rows[:ROWS_RENDERED]
        # beside what is cloned for new ones
        assert items.count(REASON if path == "/failures" else ROW) == len(there) + 1, path
        for row in there:
            assert display_name(row).strip() in seen.texts, (path, row.key)
    told = {job["id"]: job for job in client.get("/api/jobs").json()["jobs"]}
    assert [told[row.id]["key"] for row in rows] == list(ON_A_PAGE)


def test_a_table_of_them_computes_nothing_and_each_is_one_row(world: World, client: Client) -> None:
    rows = [put(world, number, text) for number, text in enumerate(ON_A_PAGE)]
    answer = client.get("/api/export?format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="failed.csv"'
    found = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in found] == [row.id for row in rows]
    for row, text in zip(found, ON_A_PAGE, strict=True):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
        assert row["key"] in {text, f"'{text}"}
    lines = client.get("/api/export?format=jsonl").text.splitlines()
    assert [json.loads(line)["key"] for line in lines] == list(ON_A_PAGE)
    assert all(line.isascii() and line.isprintable() for line in lines)


@pytest.mark.parametrize("text", ON_A_PAGE, ids=lambda text: repr(text)[1:25])
def test_no_answer_has_a_header_or_markup_that_a_stranger_wrote(client: Client, text: str) -> None:
    where = quote(text, safe="")
    page = {"Accept": "text/html"}
    answers = [
        client.get(f"/jobs/{where}", headers=page),
        client.get(f"/api/jobs/{where}"),
        client.get(f"/api/export?batch={where[:60]}&code={where[:60]}"),
        client.get(f"/failures?before={where}", headers=page),
        client.post("/api/uploads", json={"filename": text}),
        client.post("/api/jobs", json={"key": text, "pipeline": text}),
    ]
    for answer in answers:
        assert answer.status_code < 500, (answer.url, answer.text)
        assert "set-cookie" not in answer.headers
        assert "pwned" not in str(answer.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.headers["content-type"].startswith("text/html"):
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert not [tag for tag, attributes in Structure(answer.text).elements if "onerror" in attributes]


def test_half_a_pair_of_surrogates_is_no_failure_of_ours(client: Client) -> None:
    for path, body in (
        ("/api/uploads", {"filename": "\ud800.png"}),
        ("/api/uploads", {"filename": "a.png", "pipeline": "\ud800"}),
        ("/api/jobs", {"key": "\ud800", "pipeline": "invert"}),
        ("/api/jobs/rerun", {"code": "\ud800", "pipeline": "invert"}),
        ("/api/jobs/retry", {"code": "\ud800"}),
    ):
        headers = {"Content-Type": "application/json"}
        answer = client.post(path, content=json.dumps(body), headers=headers)
        assert answer.status_code < 500, (path, answer.text)
