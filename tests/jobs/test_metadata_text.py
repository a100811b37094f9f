"""Any text crosses HTTP headers and comes back."""

from __future__ import annotations

from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tilework.jobs.metadata_text import decode, encode


@given(some.text())
def test_any_text_comes_back_exactly(text: str) -> None:
    assert decode(encode(text)) == text


@given(some.text())
def test_a_header_is_visible_ascii_in_words_of_at_most_75_characters(text: str) -> None:
    header = encode(text)
    assert header.isascii()
    assert header == header.strip()
    assert header.isprintable()
    assert "  " not in header
    assert header == text or all(len(word) <= 75 for word in header.split(" "))


@given(some.text(min_size=1))
def test_others_read_what_we_write(text: str) -> None:
    assert encode(text) == text or str(make_header(decode_header(encode(text)))) == text


def test_plain_text_stays_as_it_is() -> None:
    assert encode("blur(9) | canny(100, 200)") == "blur(9) | canny(100, 200)"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("=?UTF-8?Q?gr=C3=B6=C3=9Fer_als?=", "größer als"),
        ("=?utf-8?b?w7w=?=", "ü"),
        ("=?ISO-8859-1?Q?gr=F6=DFer?=", "größer"),
        ("before =?UTF-8?B?w7w=?= after", "before ü after"),
        ("=?UTF-8?B?w7w=?= =?UTF-8?B?w7w=?=", "üü"),
        ("=?UTF-8?B?ww==?= =?UTF-8?B?vA==?=", "ü"),
        ("=?UTF-8*de?Q?=C3=BC?=", "ü"),
    ],
)
def test_what_others_wrote_is_read(header: str, text: str) -> None:
    assert decode(header) == text


@pytest.mark.parametrize(
    "header", ["=?", "=?UTF-8?B?!!?=", "=?nowhere?Q?a?=", "=?UTF-8?B?/w==?=", "=?UTF-8?X?a?=", "a=?b?=c"]
)
def test_what_is_no_encoded_word_stays_as_it_is(header: str) -> None:
    assert decode(header) == header
