"""What plans, unit messages and manifests look like, and what becomes of those that nobody can read."""

from __future__ import annotations

import json
import pickle

import pytest

from tilework.errors import NewerMessageError, UnreadableMessageError, VersionGoneError
from tilework.jobs.in_memory import MemoryStore
from tilework.jobs.job import digest
from tilework.jobs.manifests import (
    Manifest,
    commit_manifest,
    is_committed,
    manifest_of,
    manifest_text,
    read_manifest,
    read_manifests,
)
from tilework.jobs.object_keys import epoch_of, plan_key, work_prefix
from tilework.jobs.quotas import MESSAGE_BYTES
from tilework.jobs.stages import MOST_UNITS, SCHEMA, Plan, Stage, plan_of, plan_text, stage_number
from tilework.jobs.units import Unit, UnitFolder, UnitTask, tells_unit, unit_body, unit_of
from tilework.jobs.work_objects import sweep

JOB = digest("scan")
UNIT = Unit(JOB, 2, 3, 17)
STAGES = (Stage("rewrite", 1), Stage("measure-0", 9, "blocks 3x3"), Stage("write", 9), Stage("assemble", 1))
PLAN = Plan(STAGES, what='{"tile": 512}')
FOLDER = UnitFolder(JOB, 2, "3-write", 17)


# --- plans ---------------------------------------------------------------------------------------------------------


def test_a_plan_comes_back_as_it_was_and_the_same_plan_is_the_same_text() -> None:
    assert plan_of(plan_text(PLAN)) == PLAN
    assert plan_text(Plan(STAGES, what='{"tile": 512}')) == plan_text(PLAN)
    assert json.loads(plan_text(PLAN))["schema"] == SCHEMA == 3


def test_a_plan_names_its_stages_by_number_and_name() -> None:
    assert [PLAN.label(number) for number in range(4)] == [
        "0-rewrite",
        "1-measure-0",
        "2-write",
        "3-assemble",
    ]
    assert [stage_number(PLAN.label(number)) for number in range(4)] == [0, 1, 2, 3]
    assert [stage_number(label) for label in ("", "write", "-write", "²-write")] == [-1] * 4
    assert PLAN.units == 20


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (Stage("write", 4),),
        (Stage("assemble", 2),),
        (Stage("assemble", 1), Stage("report", 1)),
        (Stage("write", 0), Stage("assemble", 1)),
        (Stage("write", MOST_UNITS + 1), Stage("assemble", 1)),
        (Stage("dream", 1), Stage("assemble", 1)),
        (Stage("measure", 1), Stage("assemble", 1)),
        (Stage("write", 1), Stage("rewrite", 1), Stage("assemble", 1)),
        (Stage("write", 1), Stage("write", 1), Stage("assemble", 1)),
        (*tuple(Stage(f"measure-{n}", 1) for n in range(64)), Stage("assemble", 1)),
    ],
)
def test_what_cannot_be_a_plan_is_none(stages: tuple[Stage, ...]) -> None:
    with pytest.raises(ValueError, match=r"stage|Stages"):
        Plan(stages)


def test_operations_that_need_the_whole_image_have_their_stages_one_after_the_other() -> None:
    names = (
        "measure-0",
        "reduce-0-0",
        "reduce-0-1",
        "measure-2",
        "reduce-2-0",
        "write",
        "overviews-0",
        "assemble",
    )
    assert Plan(tuple(Stage(name, 1) for name in names)).units == 8
    reporting = Plan((*(Stage(name, 1) for name in names[:5]), Stage("report", 1)))
    assert (reporting.reports, reporting.label(5)) == (True, "5-report")


def test_a_plan_of_a_newer_version_is_left_to_that_and_a_broken_one_is_told() -> None:
    newer = json.loads(plan_text(PLAN)) | {"schema": SCHEMA + 1}
    with pytest.raises(NewerMessageError):
        plan_of(json.dumps(newer))
    for broken in (
        "",
        "[]",
        "{}",
        '{"schema": 1, "plan": {}}',
        '{"schema": 1, "plan": {"stages": [], "what": ""}}',
    ):
        with pytest.raises(UnreadableMessageError):
            plan_of(broken)


# --- unit messages -------------------------------------------------------------------------------------------------


def test_a_units_message_tells_its_schema_job_epoch_stage_and_number_and_no_bucket() -> None:
    assert json.loads(unit_body(UNIT)) == {
        "schema": 1,
        "unit": {"job": JOB, "epoch": 2, "stage": 3, "number": 17},
    }
    assert unit_of(unit_body(UNIT)) == UNIT
    assert len(unit_body(UNIT)) * 10 < MESSAGE_BYTES


@pytest.mark.parametrize(
    "change",
    [
        {"job": ""},
        {"job": JOB.upper().replace("0", "A")},
        {"job": f"../{JOB}"},
        {"job": None},
        {"epoch": -1},
        {"epoch": True},
        {"stage": "3"},
        {"stage": 64},
        {"number": MOST_UNITS},
        {"number": 1.0},
        {"number": None},
    ],
)
def test_a_message_of_a_unit_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    told = json.loads(unit_body(UNIT))
    told["unit"] |= change
    with pytest.raises(UnreadableMessageError):
        unit_of(json.dumps(told))


def test_a_message_that_is_none_of_a_unit_is_refused_and_one_of_a_newer_version_is_left_to_that() -> None:
    for body in ("", "x", "[]", "{}", '{"unit": 3}', '{"schema": 1, "job": {}}'):
        with pytest.raises(UnreadableMessageError):
            unit_of(body)
    with pytest.raises(NewerMessageError):
        unit_of(json.dumps({"schema": 2, "unit": "in a new way"}))


def test_a_units_dead_letter_is_told_from_a_jobs_whatever_its_version() -> None:
    assert tells_unit(unit_body(UNIT))
    assert tells_unit('{"schema": 99, "unit": 1}')
    assert not any(map(tells_unit, ("", "unit", "3", "[]", '{"schema": 1, "job": {}}', '{"Records": []}')))


# --- where things lie ----------------------------------------------------------------------------------------------


def test_what_a_unit_makes_lies_under_its_job_epoch_stage_number_and_attempt() -> None:
    task = UnitTask(UNIT, "3-write", "ab12", PLAN, "k", "v", 9, "invert()", "results/k", stores_result=False)
    assert task.object_key() == f"work/{JOB}/2/3-write/0017/ab12"
    assert task.object_key("tiles") == f"work/{JOB}/2/3-write/0017/ab12/tiles"
    assert task.folder.manifest == f"work/{JOB}/2/3-write/0017/manifest"
    assert task.folder_of(1, 4).manifest == f"work/{JOB}/2/1-measure-0/0004/manifest"
    assert plan_key(JOB, 2) == f"work/{JOB}/2/plan"


def test_a_task_crosses_to_a_rank_and_back() -> None:
    task = UnitTask(UNIT, "3-write", "ab12", PLAN, "k", "v", 9, "invert()", "results/k", stores_result=False)
    assert pickle.loads(pickle.dumps(task)) == task  # noqa: S301 - our own
    assert len(pickle.dumps(task)) < 2000


def test_a_sweep_leaves_alone_what_a_later_epoch_has_begun() -> None:
    outputs = MemoryStore("out")
    for key in ("0/plan", "1/plan", "1/0-write/0000/x", "2/plan", "10/plan", "stray"):
        outputs.put(work_prefix(JOB) + key, b"", metadata={}, content_type="x/y")
    assert sweep(outputs, JOB, 1) == 4
    assert {epoch_of(item.key) for item in outputs.list()} == {2, 10}


# --- manifests -----------------------------------------------------------------------------------------------------


def test_the_first_manifest_commits_the_unit_and_a_second_finds_it_committed() -> None:
    outputs = MemoryStore("out")
    assert not is_committed(outputs, FOLDER)
    assert commit_manifest(outputs, FOLDER, Manifest("first", "tiles"))
    assert not commit_manifest(outputs, FOLDER, Manifest("second", "tiles"))
    assert is_committed(outputs, FOLDER)
    assert read_manifest(outputs, FOLDER) == Manifest("first", "tiles")


def test_a_manifest_that_is_there_already_may_be_our_own_whose_answer_was_lost() -> None:
    outputs = MemoryStore("out")
    commit_manifest(outputs, FOLDER, Manifest("first", "tiles"))
    assert commit_manifest(outputs, FOLDER, Manifest("first", "tiles"))


def test_manifests_are_read_in_the_order_that_was_asked_for() -> None:
    outputs = MemoryStore("out")
    folders = [UnitFolder(JOB, 0, "0-write", number) for number in range(40)]
    for folder in folders[:-1]:
        commit_manifest(outputs, folder, Manifest("a", f"block {folder.number}"))
    backwards = folders[-2::-1]
    assert [each.made for each in read_manifests(outputs, backwards)] == [
        f"block {n}" for n in range(38, -1, -1)
    ]
    with pytest.raises(VersionGoneError):
        read_manifests(outputs, folders)


def test_a_manifest_that_nobody_can_read_is_told() -> None:
    assert manifest_of(manifest_text(Manifest("a", '{"ü": 1}'))) == Manifest("a", '{"ü": 1}')
    for broken in ("", "{}", '{"manifest": {"attempt": "a"}}', '{"manifest": {"attempt": 1, "made": ""}}'):
        with pytest.raises(UnreadableMessageError):
            manifest_of(broken)
    with pytest.raises(NewerMessageError):
        manifest_of('{"schema": 2}')
