"""A rank: what a result tells of its source, and that one that earlier work has filled up ends."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.whole_fleet import Fleet
from tests.imaging.jp2_files import codestream
from tests.imaging.plugin_packages import OFFERED, install, on_the_path
from tests.imaging.samples import png, scene
from tests.imaging.tiffs import written
from tilework.errors import TooSlowError
from tilework.fleet import workshop as workshop_of_this
from tilework.fleet.result_metadata import fitting
from tilework.fleet.workshop import Workshop
from tilework.guard.child import Bounds
from tilework.imaging.limits import Limits
from tilework.imaging.plugins import load_own_operations
from tilework.jobs import metadata_text
from tilework.jobs.in_memory import memory_system
from tilework.jobs.quotas import KEY_BYTES, METADATA_BYTES, metadata_as_sent
from worker_image import rank as rank_of_this
from worker_image.rank import FULL, Rank, _bounds, _work_unit
from worker_image.task import Task, UnitOrder, Worked

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_KEYS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("é🦊\x1b"), min_size=1, max_size=KEY_BYTES
).map(lambda text: (text * KEY_BYTES).encode()[:KEY_BYTES].decode("utf-8", "ignore"))

PROGRAM = """
from types import SimpleNamespace

from tilework.fleet.workshop import Workshop
from tilework.guard.memory import bound_growth
from tilework.imaging.limits import MIB, Limits
from tilework.jobs.in_memory import memory_system
from worker_image import rank
from worker_image.task import Task

system = memory_system()
body = bytes(64 * MIB)
version = system.inputs.put("photo.png", body, metadata={}, content_type="image/png")
# a part of the bytes, so that reading them takes memory
task = Task("job", "photo.png", version, len(body) - 1, "invert()", "results/photo", 0)
settings = SimpleNamespace(limits=Limits())
workshop = Workshop(system.inputs, system.outputs, Limits())
rank._rank = rank.Rank(system.inputs, system.outputs, None, settings, "test", 1, workshop, workshop._gallery)
bound_growth(32 * MIB)
rank.work(task, suspect=True)
"""


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


def order(name: str, body: bytes) -> tuple[Rank, UnitOrder]:
    """A rank, and the first unit of a large image."""
    fleet = Fleet()
    fleet.drop(body, "invert()", name)
    (message,) = fleet.system.units.receive(1)
    task = fleet.work.consider(message)
    assert task is not None
    settings: Any = SimpleNamespace(limits=fleet.limits)
    unused: Any = None
    inputs, outputs = fleet.system.inputs, fleet.system.outputs
    rank = Rank(inputs, outputs, unused, settings, "test", 0, fleet.workshops[0], unused)
    return rank, UnitOrder(task, unused)


def test_a_result_names_the_plugins_that_its_pipeline_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "acme-halves", "1.2", {"plugged": OFFERED.format(name="halve")}, halve="plugged")
    system, body = memory_system(), png(scene(40, 30))
    version = system.inputs.put("a.png", body, metadata={}, content_type="image/png")
    settings: Any = SimpleNamespace(limits=Limits())
    board: Any = SimpleNamespace(holds=lambda place: True)
    workshop = Workshop(system.inputs, system.outputs, Limits())
    monkeypatch.setattr(
        rank_of_this,
        "_rank",
        Rank(system.inputs, system.outputs, board, settings, "tilework 0", 1, workshop, workshop._gallery),
    )
    with on_the_path(tmp_path, monkeypatch):
        load_own_operations("")
        made_by = {}
        for pipeline in ("halve() | invert()", "invert()"):
            task = Task("job", "a.png", version, len(body), pipeline, f"results/{len(made_by)}", 0)
            worked = rank_of_this.work(task)
            assert isinstance(worked, Worked)
            made_by[pipeline] = system.outputs.head(worked.result_key).metadata["made-by"]
    assert made_by == {"halve() | invert()": "tilework 0, acme-halves 1.2", "invert()": "tilework 0"}


def test_an_image_whose_decoder_is_not_trusted_is_rewritten_in_a_guarded_child() -> None:
    array = scene(900, 700)
    for name, body, guarded in (("a.png", png(array), False), ("a.j2k", codestream(array), True)):
        rank, unit = order(name, body)
        assert (_bounds(rank, unit, suspect=False) is not None) is guarded
        assert _bounds(rank, unit, suspect=True) is not None
    bounds = _bounds(rank, unit, suspect=True)
    assert bounds is not None
    assert bounds.disk == array.size + 2 * len(body)
    rank, unit = order("a.tif", written(array, tile=(256, 256)))
    assert _bounds(rank, unit, suspect=False) is None


@pytest.mark.parametrize("hangs", [False, True])
def test_a_unit_under_guard_has_for_each_of_its_steps_what_that_may_take(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    rank, unit = order("a.tif", written(scene(900, 700), tile=(256, 256)))
    board: Any = SimpleNamespace(holds=lambda place: True)
    settings: Any = SimpleNamespace(limits=rank.limits, deployment=None, directory=None)
    rank = replace(rank, board=board, settings=settings)
    monkeypatch.setattr(rank_of_this, "connect_stores", lambda _: (rank.inputs, rank.outputs))
    monkeypatch.setattr(rank_of_this, "_bounds", lambda *_, **__: Bounds(100, 3, 1 << 30))
    do, allowed = Workshop._do, 1.0 if hangs else 100.0

    def late(*arguments: Any) -> None:
        time.sleep(4)
        do(*arguments)

    monkeypatch.setattr(Workshop, "_do", staticmethod(late))
    monkeypatch.setattr(workshop_of_this, "unit_seconds", lambda *_: allowed)
    monkeypatch.setattr(workshop_of_this, "transfer_seconds", lambda *_: 0.0)
    if hangs:
        with pytest.raises(TooSlowError, match="after 1 s"):
            _work_unit(rank, unit, suspect=True)
    else:
        assert _work_unit(rank, unit, suspect=True).made


def test_a_rank_without_the_memory_to_read_an_image_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (FULL, "This rank is full, and ends.\n")
