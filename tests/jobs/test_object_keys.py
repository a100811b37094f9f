"""Results lie under keys of their own, readable, short enough, and harmless wherever they are copied to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.messages import asks, event_body
from tilework.jobs.object_keys import (
    PRESETS,
    READABLE_BYTES,
    is_folder_marker,
    is_ours,
    preset_name,
    result_key,
    work_prefix,
)
from tilework.jobs.quotas import KEY_BYTES, check_key
from tilework.shown import shown

HOSTILE = st.sampled_from("/.. %+#?\\\x00\x1b\r\n\x7f\x85\u202e\u2066\u2028\ufeff\u0301é🦊")
KEYS = st.text(st.characters(exclude_categories=["Cs"]) | HOSTILE, min_size=1, max_size=1024).filter(
    lambda key: len(key.encode()) <= KEY_BYTES
)
"""Every legal S3 key, and those oftener that something has stumbled over before."""

VERSIONS = st.text(st.characters(min_codepoint=46, max_codepoint=122), min_size=1, max_size=32)


def job(key: str, version: str = "v1", pipeline: str | None = None) -> Job:
    ask = Ask(Drop("in", key, version), pipeline)
    return Job(ask.job_id, "in", key, version, State.RUNNING)


def test_a_result_key_reads_like_its_source() -> None:
    assert result_key(job("holiday/beach 1.JPG"), ".png").startswith("results/holiday/beach 1-")
    assert result_key(job("holiday/beach 1.JPG"), ".png").endswith(".png")


def test_results_of_different_versions_and_pipelines_never_collide() -> None:
    jobs = [
        job("a.jpg"),
        job("a.png"),
        job("a.jpg", "v2"),
        job("a.jpg", "v1", "blur(9)"),
        job("a.jpg", "v1", "invert()"),
    ]
    assert len({result_key(one, ".png") for one in jobs}) == len(jobs)


@given(KEYS)
def test_a_result_key_is_legal_and_follows_no_folder_upwards(key: str) -> None:
    made = result_key(job(key), ".jpg")
    assert len(made.encode()) <= len("results/") + READABLE_BYTES + 1 + 24 + 4
    parts = made.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert "\\" not in made
    # nothing that a terminal or a page would have to spell out
    assert shown(made) == made
    check_key(made)


@given(st.sets(st.tuples(KEYS, VERSIONS), min_size=2, max_size=8))
def test_different_drops_have_different_results(drops: set[tuple[str, str]]) -> None:
    made = {result_key(job(key, version), ".png") for key, version in drops}
    assert len(made) == len(drops)


@given(KEYS, VERSIONS)
def test_a_key_is_decoded_exactly_once_out_of_its_event(key: str, version: str) -> None:
    told = asks(event_body(Drop("in", key, version)), "in")
    assert told == ([] if is_ours(key) else [Ask(Drop("in", key, version))])


def test_a_long_name_is_cut_on_a_characters_border() -> None:
    made = result_key(job("é" * 500), ".png")
    assert made.startswith("results/" + "é" * (READABLE_BYTES // 2) + "-")
    odd = result_key(job("x" + "é" * 500), ".png")
    assert odd.startswith("results/x" + "é" * ((READABLE_BYTES - 1) // 2) + "-")


def test_hostile_keys_stay_apart_and_harmless() -> None:
    keys = ["../../etc/passwd", "a//b", "/a", "a/./b", "nul\x00.jpg", "\u202egpj.exe", "a\\b", ".", "..", "/"]
    made = [result_key(job(key), ".png") for key in keys]
    assert len(set(made)) == len(keys)
    assert not any("/../" in key or "\u202e" in key or "\\" in key or "\x00" in key for key in made)


def test_a_folder_marker_is_a_name_with_a_slash_and_no_bytes() -> None:
    assert is_folder_marker("a/", 0)
    assert not is_folder_marker("a/", 3)
    assert not is_folder_marker("a", 0)


def test_what_lies_under_tilework_is_ours_and_nothing_else_is() -> None:
    assert is_ours(PRESETS)
    assert is_ours(".tilework/anything.png")
    for key in (
        ".tilework",
        ".tilework.png",
        "a/.tilework/presets.toml",
        "/.tilework/presets.toml",
        ".Tilework/a",
    ):
        assert not is_ours(key)


def test_a_drop_below_a_presets_folder_names_it() -> None:
    assert preset_name("drop/edges/a.jpg") == "edges"
    assert preset_name("drop/edges/2026/a.jpg") == "edges"
    for key in ("drop/a.jpg", "edges/a.jpg", "drop//a.jpg", "Drop/edges/a.jpg", "a/drop/edges/b.jpg"):
        assert preset_name(key) is None


def test_work_of_one_job_never_lies_under_anothers_prefix() -> None:
    assert work_prefix("abc") == "work/abc/"
