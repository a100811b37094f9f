"""What strangers named cannot play with a terminal."""

from __future__ import annotations

import sys
import unicodedata

from tilework.shown import bytes_shown, moment, shown


def test_no_control_or_invisible_character_is_shown_as_it_is() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    kinds = {unicodedata.category(character) for character in set(shown(everything)) - {"\u200c", "\u200d"}}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_what_people_write_stays() -> None:
    for text in ("photo 1.jpg", "ünïcödé 日本", "שלום.png", "👩‍🚀.jpg", "[red]x[/red]", "a\\b"):
        assert shown(text) == text


def test_what_is_cut_keeps_both_its_ends() -> None:
    assert shown("0123456789", most=5) == "01…89"
    assert shown("0123456789", most=10) == "0123456789"


def test_bytes_and_times_are_written_for_people() -> None:
    assert [bytes_shown(n) for n in (0, 999, 1000, 3_400_000)] == ["0 B", "999 B", "1.0 kB", "3.4 MB"]
    assert moment(0) == ""
    assert moment(86400 * 365).startswith(("1970-12-31", "1971-01-01"))
