from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from local import picture, samples
from local.progress import Progress
from local.stopping import Stopping, StopRequestedError
from tilework.imaging.pipeline import parse
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.system import System


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(picture.marble(60, 40)).save(tmp_path / samples.GENERATED)
    return tmp_path


def end(system: System, sample: samples.Sample, **facts: object) -> None:
    key = f"{samples.PREFIX}{sample.name}"
    row = Job(
        sample.job, "b", key, "v", State.DONE, pipeline=sample.pipeline, result_key=f"results/{sample.name}"
    )
    system.table.create(replace(row, **facts))  # type: ignore[arg-type]


def test_the_samples_show_five_operations_and_two_chains() -> None:
    pipelines = [parse(text) for text in samples.SAMPLES.values()]
    assert [len(one.steps) for one in pipelines].count(1) == 5
    assert [one.canonical for one in pipelines] == list(samples.SAMPLES.values())
    assert {one.canonical.partition("(")[0] for one in pipelines if len(one.steps) == 1} == {
        "blur", "canny", "invert", "dilate", "erode",
    }  # fmt: skip
    assert sum(len(one.steps) > 1 for one in pipelines) == 2


def test_every_photograph_is_shipped_by_the_locked_wheel() -> None:
    missing = [
        name
        for name in samples.SAMPLES
        if name != samples.GENERATED and not (samples.photographs() / name).is_file()
    ]
    assert missing == []


def test_samples_are_dropped_as_any_client_drops(folder: Path) -> None:
    system = memory_system()
    dropped = samples.drop(system, folder, anew=False)
    assert [sample.name for sample in dropped] == list(samples.SAMPLES)
    for found in system.inputs.versions():
        job = Ask(Drop(system.inputs.bucket, found.key, found.version)).job_id
        (sample,) = [one for one in dropped if one.job == job]
        assert system.inputs.head(found.key, found.version).metadata["pipeline"] == sample.pipeline


def test_a_second_start_drops_only_what_misses(folder: Path) -> None:
    system = memory_system()
    first = samples.drop(system, folder, anew=False)
    gone = first[2]
    for version in list(system.inputs.versions(samples.PREFIX + gone.name)):
        system.inputs.delete(version.key, version.version)
    second = samples.drop(system, folder, anew=False)
    assert [one.name for one, other in zip(first, second, strict=True) if one.job != other.job] == [gone.name]


def test_a_check_drops_all_of_them_anew(folder: Path) -> None:
    system = memory_system()
    first = {sample.job for sample in samples.drop(system, folder, anew=False)}
    assert first.isdisjoint(sample.job for sample in samples.drop(system, folder, anew=True))


def test_another_system_in_the_same_folder_gets_its_own(folder: Path) -> None:
    samples.drop(memory_system(), folder, anew=False)
    other = memory_system()
    samples.drop(other, folder, anew=False)
    assert len(list(other.inputs.versions())) == len(samples.SAMPLES)


def test_the_table_tells_what_became_of_each_and_the_reasons_why_not(folder: Path) -> None:
    system = memory_system()
    dropped = samples.drop(system, folder, anew=False)
    for sample in dropped[1:]:
        end(system, sample, seconds=0.5, width=600, height=400)
    end(system, dropped[0], state=State.FAILED, code="damaged", reason="It is cut short.", result_key="")
    written = io.StringIO()
    progress = Progress(Console(file=written, width=200), Stopping())
    watch = samples.Watch(system, dropped, progress, lambda: None)
    watch.follow()
    table = written.getvalue()
    for sample in dropped:
        assert sample.name in table
        assert sample.pipeline in table
    assert "600 x 400" in table
    assert f"s3://{system.outputs.bucket}/results/coffee.png" in table
    assert len(watch.reasons()) == 1
    assert "It is cut short." in watch.reasons()[0]


def test_on_a_narrow_terminal_every_address_is_in_one_piece(folder: Path) -> None:
    system = memory_system()
    dropped = samples.drop(system, folder, anew=False)
    for sample in dropped:
        end(system, sample)
    written = io.StringIO()
    progress = Progress(Console(file=written, width=80), Stopping())
    samples.Watch(system, dropped, progress, lambda: None).follow()
    for sample in dropped:
        assert f"{sample.name}: s3://{system.outputs.bucket}/results/{sample.name}\n" in written.getvalue()


def test_samples_that_nobody_works_on_end_the_wait_and_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "PATIENCE", 0.0)
    system = memory_system()
    dropped = samples.drop(system, folder, anew=False)
    watch = samples.Watch(system, dropped, Progress(Console(quiet=True), Stopping()), lambda: None)
    watch.follow()
    assert [reason.partition(":")[0] for reason in watch.reasons()] == list(samples.SAMPLES)


def test_a_stop_ends_the_wait(folder: Path) -> None:
    system, stopping = memory_system(), Stopping()
    dropped = samples.drop(system, folder, anew=False)
    stopping.requests = 1
    watch = samples.Watch(system, dropped, Progress(Console(quiet=True), stopping), lambda: None)
    with pytest.raises(StopRequestedError):
        watch.follow()


def test_the_marble_is_the_same_at_each_size_of_strip_and_uses_its_whole_palette(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = picture.marble(300, 200)
    monkeypatch.setattr(picture, "ROWS", 33)
    np.testing.assert_array_equal(picture.marble(300, 200), whole)
    assert whole.dtype == np.uint8
    assert len(np.unique(whole.reshape(-1, 3), axis=0)) > 200


def test_the_large_sample_has_24_megapixels(tmp_path: Path) -> None:
    target = tmp_path / samples.GENERATED
    subprocess.run(
        [sys.executable, "-m", "local.picture", str(target)], cwd=Path(__file__).parents[2], check=True
    )
    with Image.open(target) as image:
        assert image.width * image.height == 24_000_000
    assert list(tmp_path.iterdir()) == [target]
