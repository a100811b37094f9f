"""What a result's metadata tells of its source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tilework.jobs import metadata_text
from tilework.jobs.quotas import KEY_BYTES, METADATA_BYTES, metadata_as_sent
from worker_image.rank import fitting

LONGEST_KEYS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("é🦊\x1b"), min_size=1, max_size=KEY_BYTES
).map(lambda text: (text * KEY_BYTES).encode()[:KEY_BYTES].decode("utf-8", "ignore"))


@given(LONGEST_KEYS, st.integers(0, METADATA_BYTES))
def test_the_source_of_a_result_is_told_exactly_whatever_it_is_called(key: str, length: int) -> None:
    told = {
        "job": "f" * 32,
        "source": key,
        "source-version": "v" * 32,
        "source-size": "123456x123456",
        "source-dtype": "uint16",
        "pipeline": "p" * length,
        "made-by": "tilework 0.1.0, opencv 4.10.0.84",
    }
    sent = metadata_as_sent(fitting(told))
    assert metadata_text.decode(sent["source"]) == key
    assert ("pipeline" in sent) or length > 0
