"""The documents agree with the code, and with each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from local.environment_file import VARIABLES
from local.settings import CONTEXT
from stacks.settings import Settings
from stacks.settings_reading import ENVIRONMENT_PREFIX
from tilework.aws.settings import NAMES
from tilework.cli.app import app
from tilework.errors import TileworkError
from tilework.imaging import limits
from tilework.imaging.engine import report_whole
from tilework.imaging.formats import Picture, table
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse
from tilework.imaging.report import MOST_ROWS
from tilework.jobs.job import State, digest
from tilework.jobs.messages import asks
from tilework.jobs.preset_file import MOST_BYTES, read_presets
from tilework.jobs.transitions import MAX_ATTEMPTS, MAX_LOSSES
from tilework.jobs.units import Unit, unit_of
from tilework.logs import FACTS, LINE_BYTES
from tilework.world.directory import LOG_BYTES
from tilework.world.words import MOST_LINES
from worker_image import metrics

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RUNNING = ROOT / "docs" / "running.md"
CONCEPTS = ROOT / "docs" / "concepts.md"
FORMATS = ROOT / "docs" / "formats.md"
DOCUMENTS = (README, *sorted((ROOT / "docs").rglob("*.md")))

FORMATS_INTRODUCTION = """\
# Formats

What is read, how it is treated, and what becomes of it: one table, which the code itself goes by
(`tilework/imaging/formats/table.py`; `tilework formats` prints it). The first bytes decide which format a file
is, never its name. What is not listed here, or listed as refused, ends FAILED with a sentence that says why.

A result has the format of its source unless the table names another, or the drop asks for one: `output=png`,
`jpeg`, `tiff` or `webp` in its metadata, `output(png)` at the end of the pipeline, `--output png`. A format that
cannot hold the result (16 bits in a JPEG, say) is refused when it was asked for; otherwise PNG or TIFF takes its
place. Masks go to PNG or TIFF and nowhere else, and keep no ICC profile; so do labels and drawings. Of a file with several pages one is read when it is asked for: `page=2` in
the metadata, `page(2)` at the beginning of the pipeline, `--page 2`; pages count from 0.

`output(dzi)` and `output(xyz)` give tiles for viewers (Deep Zoom for OpenSeadragon, XYZ for maps) of a result of any size: an
archive, `photo.dzi.tar`, that `tar xf photo.dzi.tar -C folder` makes what such viewers read of: `image.dzi` and `image_files/`,
or `tiles.json` and a folder for each zoom, in a folder of your choice. All levels are there, each the exact half
of the one above; tiles are JPEG where a photo's result would be, else PNG, and hold the result's very pixels. Results of
floats are refused: `convert` them first. `tar xf` may leave a file `.filling` beside them, which holds nothing and can go.

What is odd about a file but costs no pixel (bytes behind the picture, a missing end marker, a broken profile) is
taken, and told in the job's note.

"""

LIMITS_INTRODUCTION = """
## Limits

Checked from the header, before any pixel has memory. Each is a setting of the worker hosts and of
`tilework process`; what exceeds one ends FAILED (`too_large`, `bad_pipeline` or `too_slow`) and names it.

"""

REPORTS = """
## Reports

A result that is no image: `output(json)` or `output(csv)` behind an operation that reports, as `components` and
`histogram` do. JSON tells what was reported on and found; `image` is what came to the operation, upright. This is
`components() | output(json)` of two specks:

```json
{json}```

CSV has the rows alone, a line each, below the names of their columns (RFC 4180, UTF-8, lines end with a line feed):

```
{csv}```

Numbers are exact or rounded once, to the nearest double; one that is not finite is `null`, and nothing in a
table. Text stands in CSV as it is: what a plugin reports that begins with `=`, a spreadsheet may take for a formula. Nothing of
the job is in it (its id, key and time are in the object's metadata and in the row): the same pixels and pipeline give the
same bytes, in blocks or whole. `schema` rises when a reader of an older report would misunderstand a newer. A report has at most {most:,} rows; one of more ends FAILED (`too_large`), and says how many there are.
Pixels of labels, which `components` gives without an output, are whole numbers of 32 bits in a TIFF.
"""


def reports() -> str:
    """The section on reports, with what the code makes of a little picture."""
    specks = np.zeros((6, 8), np.uint8)
    specks[1, 1:4] = specks[4:, 6] = 255
    texts = {
        output: report_whole(Picture(specks), parse(f"components() | output({output})")).decode()
        for output in ("json", "csv")
    }
    return REPORTS.format(**texts, most=MOST_ROWS)


OF_A_WORLD = {"TILEWORK_WORLD_AWAY", "TILEWORK_WORLD_LAUNCHER", "TILEWORK_WORLD_TICKET"}
"""What a world tells its own ranks; nobody else sets them."""


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)


def variables_of_the_code() -> set[str]:
    found = set()
    for package in ("tilework", "worker_image", "master", "preview", "local", "stacks"):
        for path in (ROOT / package).rglob("*.py"):
            # a name in quotes is a variable; what ends in _ is the beginning of several
            found |= set(re.findall(r'"(TILEWORK_[A-Z_]*[A-Z])"', path.read_text()))
    return found - OF_A_WORLD


def test_the_documented_table_of_formats_is_what_the_code_does() -> None:
    written = FORMATS_INTRODUCTION + table.rendered() + reports() + LIMITS_INTRODUCTION + limits.rendered()
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FORMATS.write_text(written)
    assert written == FORMATS.read_text(), (
        "The table has changed. Look at it, then accept it: UPDATE_SNAPSHOTS=1 python -m pytest tests/test_docs.py"
    )


def test_the_documented_metrics_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "logs-and-metrics.md").read_text()
    assert metrics.rendered() in text
    month = 0.30 * len(metrics.METRICS)
    assert f"these {len(metrics.METRICS)} are {month:.2f} USD a month" in text
    assert f"at most {MOST_LINES} such lines a minute" in text
    assert f"at most {LINE_BYTES:,} bytes" in text
    assert f"last {LOG_BYTES >> 20} MiB" in text
    members = set(re.findall(r"^\| (`.*?`) \|", text.split("## The story")[0], re.MULTILINE))
    told = {name for names in members for name in re.findall(r"`(\w+)`", names)}
    assert told == {"time", "level", "message", "traceback", *FACTS}


def test_every_environment_variable_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"TILEWORK_[A-Z_]*[A-Z]\b", RUNNING.read_text()))
    assert documented - {"TILEWORK_DEPLOY", "TILEWORK_LIMIT"} == variables_of_the_code()
    assert set(VARIABLES) | set(NAMES.values()) >= documented & set(VARIABLES)
    assert f"{ENVIRONMENT_PREFIX}<KEY>" in RUNNING.read_text()


def test_every_setting_of_make_run_is_documented_and_taken() -> None:
    documented = set(re.findall(r"^\| `([A-Z]+)` \|", RUNNING.read_text(), re.MULTILINE))
    code = (ROOT / "local" / "settings.py").read_text()
    taken = set(re.findall(r'environ, "([A-Z]+)"', code))
    assert documented == taken | {"PYTHON"}
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"{name}=" in makefile for name in taken)


def test_every_setting_of_the_stack_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \|.*\| *([^|\n]*?) *\|$", RUNNING.read_text(), re.MULTILINE))
    assert set(rows) == {field.name for field in fields(Settings)}
    for field in fields(Settings):
        if field.default not in {None, ""} and field.default != ():
            assert str(field.default).lower() == rows[field.name].strip("`").lower(), field.name


def test_every_command_and_option_that_is_named_exists() -> None:
    helps = {None: _help(), **{name: _help(name) for name in _commands()}}
    text = RUNNING.read_text()
    named = re.findall(r"`tilework ([a-z][a-z-]*)", text)
    assert set(named) == set(_commands())
    for document in DOCUMENTS:
        for name, rest in re.findall(r"tilework ([a-z-]+) ([^`\n]*)", document.read_text()):
            if name not in helps:
                continue
            for option in re.findall(r"(?<![\w-])--[a-z]+", rest):
                assert option in helps[name], f"{document.name}: {name} {option}"


def _commands() -> list[str]:
    return [
        command.callback.__name__.replace("_", "-") for command in app.registered_commands if command.callback
    ]


def _help(*command: str) -> str:
    arguments = [sys.executable, "-m", "tilework.cli", *command, "--help"]
    return subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_every_chore_of_the_makefile_is_in_its_help_and_every_one_named_exists() -> None:
    listed = subprocess.run(["make", "help"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    chores = set(re.findall(r"^  make ([a-z-]+) ", listed, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert chores == set(phony[1].split())
    assert chores >= {"run", "test", "check", "synth", "deploy", "bench", "clean", "help"}
    for document in DOCUMENTS:
        assert set(re.findall(r"\bmake ([a-z-]+)(?=`| ARGS|  )", document.read_text())) <= chores


def test_every_pipeline_that_is_shown_can_be_run() -> None:
    shown = set()
    for path in (*DOCUMENTS, ROOT / "tilework" / "cli" / "app.py"):
        text = path.read_text()
        shown |= set(
            re.findall(r"(?:--pipeline |pipeline=|\"pipeline\": )['\"]?([a-z]+[^'\"\n]*)['\"]", text)
        )
    assert len(shown) >= 5
    for pipeline in shown:
        parse(pipeline)


def test_every_operation_is_named_where_the_reader_begins() -> None:
    page = "docs/operations/README.md"
    assert f"]({page})" in README.read_text()
    assert all(f"`{name}`" in (ROOT / page).read_text() for name in registry())


def test_the_messages_that_are_shown_are_understood() -> None:
    examples = blocks(CONCEPTS, "json")
    assert len(examples) == 3
    event, native = (asks(example.replace("…", "bucket"), "bucket") for example in examples[:2])
    job = digest("scan")
    assert unit_of(examples[2].replace("…", job)) == Unit(job, 0, 2, 17)
    assert [ask.drop.key for ask in (*event, *native)] == ["holiday/a photo.jpg"] * 2
    assert (event[0].pipeline, native[0].pipeline) == (None, "erode(3)")
    assert all(json.loads(example) for example in examples)


def test_the_presets_that_are_shown_are_understood() -> None:
    (example,) = blocks(CONCEPTS, "toml")
    found = read_presets(example.encode(), "docs/concepts.md")
    assert found.by_name
    assert found.faults == []
    assert f"{MOST_BYTES // 1024} KiB" in CONCEPTS.read_text()


def test_the_states_and_bounds_of_a_job_are_told_as_they_are() -> None:
    text = CONCEPTS.read_text()
    assert re.findall(r"^\| `([A-Z]+)` \|", text, re.MULTILINE) == [state.value for state in State]
    words = {5: "five", 20: "twenty"}
    assert f"after {words[MAX_ATTEMPTS]} the job is FAILED" in text
    assert f"{words[MAX_LOSSES]} of them end the job" in text


def test_codes_that_are_named_exist() -> None:
    def codes(kind: type[TileworkError]) -> set[str]:
        return {kind.code}.union(*(codes(each) for each in kind.__subclasses__()))

    assert set(re.findall(r"\(`([a-z_]+)`\)", CONCEPTS.read_text())) <= codes(TileworkError)


def test_the_example_for_other_programs_is_three_lines_of_python() -> None:
    (example,) = blocks(README, "python")
    assert len([line for line in example.splitlines() if line]) == 3
    compile(example, "README.md", "exec")
    assert f'"{CONTEXT["bucket_prefix"]}-input"' in example


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith("https://"):
            assert (document.parent / target).exists(), target


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\(([a-z0-9-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("*.md")} - {"README.md"}


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) < 120


def test_every_test_that_the_table_of_attacks_names_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    section = text.split("## What people could try on the page")[1].split("### What is not stopped")[0]
    rows = [row for row in section.splitlines() if row.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, row
        for file, test in named:
            assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), (file, test)
