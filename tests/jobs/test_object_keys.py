"""Results lie under keys of their own, readable, short enough, and harmless wherever they are copied to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.object_keys import (
    READABLE_BYTES,
    is_folder_marker,
    preset_name,
    result_key,
    work_prefix,
)

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024)


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
    assert not any(ord(character) < 32 or ord(character) == 127 for character in made)


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


def test_a_drop_below_a_presets_folder_names_it() -> None:
    assert preset_name("drop/edges/a.jpg") == "edges"
    assert preset_name("drop/edges/2026/a.jpg") == "edges"
    for key in ("drop/a.jpg", "edges/a.jpg", "drop//a.jpg", "Drop/edges/a.jpg", "a/drop/edges/b.jpg"):
        assert preset_name(key) is None


def test_work_of_one_job_never_lies_under_anothers_prefix() -> None:
    assert work_prefix("abc") == "work/abc/"
