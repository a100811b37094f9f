"""How busy the ranks were is kept as it was seen, for a minute and for an hour."""

from __future__ import annotations

import pytest

from tilework.jobs.signs import SPAN_SECONDS, SPANS, Past
from worker_image.busy_book import BusyBook

START = 1_764_000_000.0
FIRST = int(START // SPAN_SECONDS)


def test_the_share_is_that_of_the_last_minute() -> None:
    book = BusyBook()
    for second in range(61):
        book.look(START + second, busy=4, ranks=4)
    assert book.share == pytest.approx(1.0)
    for second in range(61, 91):
        book.look(START + second, busy=0, ranks=4)
    assert book.share == pytest.approx(0.5, abs=0.02)


def test_nothing_seen_is_nothing_busy() -> None:
    book = BusyBook()
    assert (book.share, book.past) == (0.0, Past())
    book.look(START, busy=4, ranks=4)
    assert book.share == 0.0


def test_a_host_that_was_frozen_was_not_busy_meanwhile() -> None:
    book = BusyBook()
    book.look(START, busy=1, ranks=2)
    book.look(START + 3000, busy=2, ranks=2)
    assert book.share == 1.0
    assert book.past.busy[-1] == 100
    assert sum(book.past.busy) == 100


def test_a_new_process_goes_on_with_the_hour_of_the_one_before() -> None:
    book = BusyBook()
    book.resume(START, Past(FIRST - 1, (40, 100, 100), (5, 7, 1), (9, 3, 0)), ranks=4)
    book.count(START, 2)
    assert book.past == Past(FIRST - 1, (40, 100), (5, 9), (9, 3))
    book.count(START + SPANS * SPAN_SECONDS, 2)
    assert sum(book.past.ended) == 0


def test_a_clock_that_is_set_back_takes_nothing_back() -> None:
    book = BusyBook()
    for now in (START, START + 1, START - 500, START - 499):
        book.look(now, busy=1, ranks=1)
    assert book.share == 1.0


def test_the_last_hour_is_kept_in_spans() -> None:
    book = BusyBook()
    for second in range(3 * 3600):
        book.look(START + second, busy=2 if second % SPAN_SECONDS < SPAN_SECONDS / 2 else 0, ranks=2)
    past = book.past
    assert len(past.busy) == len(past.ended) == len(past.waiting) == SPANS
    assert past.first + SPANS - 1 == int((START + 3 * 3600 - 1) // SPAN_SECONDS)
    assert all(45 <= share <= 55 for share in past.busy)


def test_what_ended_is_counted_in_the_span_in_which_it_was_seen() -> None:
    book = BusyBook()
    for now, ended in ((START, 3), (START + 1, 10), (START + 2 * SPAN_SECONDS, 11)):
        book.look(now, busy=0, ranks=1)
        book.count(now, ended)
    assert book.past.ended == (10, 0, 1)


def test_the_most_that_waited_is_kept() -> None:
    book = BusyBook()
    for messages in (3, 80, 5):
        book.waiting(START, messages)
    assert book.past == Past(FIRST, (0,), (0,), (80,))
