"""Every language says the same: the same keys, the same places in each sentence; and what is missing is told in English."""

from __future__ import annotations

import contextlib
import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from master import words
from master.page import HERE
from master.problems import ADVICE
from master.words import ENGLISH, STRINGS, TOLD, Words, languages
from tests.tree_of_errors import kinds
from tilework.errors import PipelineError
from tilework.imaging import grammar
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import origin_of
from tilework.imaging.result_kinds import sentence_of

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = HERE / "templates"

PLACE = re.compile(r"\{(\w+)\}")

OTHERS = [language for language in languages() if language != ENGLISH]


def flat(part: Any, name: str = "") -> dict[str, str]:
    """All sentences of a file by their names."""
    if isinstance(part, str):
        return {name: part}
    return {
        key: text
        for each, below in part.items()
        for key, text in flat(below, f"{name}.{each}" if name else each).items()
    }


def file_of(language: str) -> dict[str, str]:
    told = json.loads((STRINGS / f"{language}.json").read_text())
    return flat({name: part for name, part in told.items() if name != TOLD})


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_sentences_with_the_same_places(language: str) -> None:
    english, other = file_of(ENGLISH), file_of(language)
    assert other.keys() == english.keys()
    for name, sentence in english.items():
        assert set(PLACE.findall(other[name])) == set(PLACE.findall(sentence)), name


OF_PROGRAMS = ("preview.", "tilework.api.", "tilework.cli.")
"""Whose failures no page tells as they are: those of the command line, and of previews, for which it has its own words."""


def told_by_other_parts() -> set[str]:
    """What pages show of advice on failures, of our own operations and of results, which are told in English."""
    advice = {each.advice for each in kinds() if not each.__module__.startswith(OF_PROGRAMS)}
    ours = [each for each in registry().values() if origin_of(each.name).distribution == "tilework"]
    helps = {parameter.help for each in ours for parameter in each.parameters}
    outputs = ("", *(f" | output({each})" for each in grammar.OUTPUTS))
    results = set()
    for text in (f"{each.examples[0].text}{output}" for each in ours for output in outputs):
        with contextlib.suppress(PipelineError):
            results.add(sentence_of(parse(text)))
    return advice | set(ADVICE.values()) | {each.summary for each in ours} | helps | results


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_what_other_parts_tell_in_english_and_nothing_that_none_tells(
    language: str,
) -> None:
    assert json.loads((STRINGS / f"{language}.json").read_text())[TOLD].keys() == told_by_other_parts()


@pytest.mark.parametrize("language", languages())
def test_no_sentence_is_empty_or_has_markup_of_its_own(language: str) -> None:
    for name, sentence in file_of(language).items():
        assert sentence.strip() == sentence != "", name
        assert "<" not in sentence, name


WHOLE = re.compile(r"""["'`]([a-z_]+(?:\.\w+)+)["'`]""")
BEGINNING = re.compile(r"""["'`]([a-z_]+(?:\.\w+)*[._])(?:["']|\$?\{)""")
"""A sentence's name in a module or a template, and the beginning of one that is put together there."""


def test_every_sentence_is_said_somewhere() -> None:
    sources = (each for each in STRINGS.parent.rglob("*.*") if each.suffix in {".py", ".js", ".html"})
    text = "\n".join(each.read_text() for each in sources if "vendor" not in each.parts)
    said, beginnings = set(WHOLE.findall(text)), tuple(BEGINNING.findall(text))
    unsaid = {
        name
        for name in file_of(ENGLISH)
        if not name.startswith((*beginnings, "language."))
        and said.isdisjoint({name, name.removesuffix(".one").removesuffix(".other")})
    }
    assert unsaid == set()


def test_english_comes_first_and_each_language_has_a_name() -> None:
    assert next(iter(languages())) == ENGLISH
    assert all(languages().values())


def test_what_a_translation_lacks_is_told_in_english(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    full = {
        "language": {"thousands": ",", "decimal": "."},
        "a": {"b": "B", "c": {"one": "1", "other": "{count}"}},
    }
    (tmp_path / "en.json").write_text(json.dumps(full))
    (tmp_path / "xx.json").write_text(
        json.dumps({"language": {"thousands": " "}, "a": {"c": {"other": "{count}!"}}})
    )
    monkeypatch.setattr(words, "STRINGS", tmp_path)
    words._sentences.cache_clear()
    try:
        other = Words("xx")
        assert (other.say("a.b"), other.say("a.c", count=1), other.say("a.c", count=2000)) == (
            "B",
            "1",
            "2 000!",
        )
    finally:
        words._sentences.cache_clear()


def test_numbers_are_written_as_the_language_does() -> None:
    assert (Words().number(1234567.25, 1), Words().say("page.waiting", count=1234)) == (
        "1,234,567.2",
        "1,234 waiting",
    )


NO_SENTENCE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<pre>.*?</pre>|<code>.*?</code>", re.DOTALL)
"""What of a template is no text of it: comments, statements, what is filled in, examples of code."""

TEXT = re.compile(r">([^<>]*)(?=<|$)|\b(?:aria-label|title|placeholder|alt)=\"([^\"]*)\"")

NAMES = {"Tilework", "API"}


@pytest.mark.parametrize(
    "template",
    [each for each in sorted(TEMPLATES.glob("*.html")) if each.name != "docs.html"],
    ids=lambda path: path.name,
)
def test_no_template_has_a_word_of_its_own(template: Path) -> None:
    text = NO_SENTENCE.sub("", template.read_text())
    found = {
        word
        for told in TEXT.findall(text)
        for word in re.findall(r"[^\W\d_]{2,}", html.unescape(" ".join(told)))
    }
    assert found <= NAMES
