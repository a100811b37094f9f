"""A file's name in a header is that, and nothing more."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from tests.hostile_keys import HOSTILE_KEYS, ON_A_PAGE
from tilework.aws.attachments import disposition

HEADER = re.compile(r"""attachment; filename="([^"\\/]*)"; filename\*=UTF-8''([A-Za-z0-9._~%-]*)""")


@pytest.mark.parametrize("name", [*HOSTILE_KEYS, *ON_A_PAGE], ids=lambda name: repr(name)[1:25])
def test_no_name_can_end_the_header_or_name_a_folder(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    match = HEADER.fullmatch(header)
    assert match
    told = unquote(match[2])
    assert len(told) == len(name)
    assert not set(told) & set('/\\"\r\n\x00')
    assert all(each.isprintable() for each in told)
