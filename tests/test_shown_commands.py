"""What the documents show to be typed can be typed: settings, AWS's commands, shell and Python."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore import xform_name
from botocore.session import get_session

from local import launcher
from local.cdk import context_of
from stacks.alarms import RUNBOOK
from stacks.settings import Settings
from stacks.settings_reading import read
from tests.test_docs import DOCUMENTS, blocks
from tests.tree_of_errors import codes
from tilework.bill.deployment import cpus_of
from tilework.bill.work import FLEET_CORE_SECONDS
from tilework.errors import TileworkError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TROUBLE = DOCS / "troubleshooting.md"
OPERATING = DOCS / "operating.md"

READERS = ("for-lecturers.md", "for-labs.md", "for-companies.md", "operating.md", "troubleshooting.md")

OF_EVERY_COMMAND = {"query", "output", "region", "profile"}
"""Options that the AWS command line takes everywhere."""


# what is loaded with it has failures of its own, which are known then
assert launcher


def lines_of(document: Path) -> Iterator[str]:
    """Each command of the blocks of shell, with what continues it, and each that stands in the text."""
    text = document.read_text()
    for block in blocks(document, "sh"):
        # what begins in the middle of a loop is a command as well
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", prose)


def commands_of_aws() -> Iterator[tuple[str, str, str, set[str]]]:
    for document in DOCUMENTS:
        # one within another, or after it, is a command of its own
        for line in (part for whole in lines_of(document) for part in re.split(r"\$\(|[)|;]|&&", whole)):
            found = re.search(r"\baws ([a-z0-9-]+) (wait )?([a-z0-9-]+)(?=\s|$)(.*)", line)
            if found and found[1] not in {"s3", "ecr"}:
                options = set(re.findall(r"(?<!\S)--([a-z-]+)", found[4].split(" # ")[0]))
                yield (
                    document.name,
                    found[1].removesuffix("api"),
                    (found[2] or "") + found[3],
                    options - OF_EVERY_COMMAND,
                )


def test_every_code_is_in_the_troubleshooting_and_every_one_named_there_exists() -> None:
    rows = re.findall(r"^\| (`[a-z_]+`.*?) \|", TROUBLE.read_text(), re.MULTILINE)
    named = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}
    skipped = set(re.findall(r"SKIPPED with `([a-z_]+)` or `([a-z_]+)`", TROUBLE.read_text())[0])
    assert named | skipped == codes() - {TileworkError.code}


def test_every_alarm_is_among_the_symptoms() -> None:
    sections = set(re.findall(r"^## ([a-z]+(?:-[a-z]+)*)$", (ROOT / RUNBOOK).read_text(), re.MULTILINE))
    assert len(sections) == 6
    for section in sections:
        assert f"*{section}*" in TROUBLE.read_text() or f"alarms.md#{section}" in TROUBLE.read_text(), section


def test_every_deploy_that_is_shown_has_settings_that_make_sense() -> None:
    shown = [
        match.replace("\\\n", " ")
        for document in DOCUMENTS
        for match in re.findall(r"make (?:synth|deploy) ARGS='([^'…]*)'", document.read_text())
        # such as vpc-…, which stands for one's own
        if "…" not in match
    ]
    assert len(shown) >= 5
    for arguments in shown:
        # make hands a line that goes on to the shell as it is, and ends a recipe's at any other
        assert "\n" not in arguments
        read(context_of(shlex.split(arguments)).get, {})


def test_every_command_of_aws_that_is_shown_exists_with_its_options() -> None:
    session = get_session()
    shown = list(commands_of_aws())
    assert len({command for _, _, command, _ in shown}) >= 20
    for document, service, command, options in shown:
        if command.startswith("wait "):
            names = session.get_waiter_model(service).waiter_names
            assert command.removeprefix("wait ") in {xform_name(name, "-") for name in names}, document
            continue
        model = session.get_service_model(service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert command in operations, f"{document}: aws {service} {command}"
        shape = model.operation_model(operations[command]).input_shape
        known = {xform_name(name, "-") for name in shape.members} if shape else set()
        assert {option.removeprefix("no-") for option in options} <= known, f"{document}: {command} {options}"


@pytest.mark.parametrize("name", READERS)
def test_shell_and_python_that_are_shown_can_be_read(name: str) -> None:
    for block in blocks(DOCS / name, "sh"):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
    for block in blocks(DOCS / name, "python"):
        compile(block, name, "exec")
    for block in blocks(DOCS / name, "pycon"):
        typed = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
        compile("\n".join(typed), name, "exec")


def test_the_quotas_are_those_of_the_numbers_that_scaling_goes_by() -> None:
    text = OPERATING.read_text()
    processors = min(cpus_of(kind) for kind in Settings().host_types)
    photos = round(processors / FLEET_CORE_SECONDS)
    assert f"each does {photos} a second" in text
    for hosts in (10, 100, 1000):
        assert f"{hosts * processors:,} |" in text
        assert f"{hosts * photos:,}" in text
        assert f"{hosts * photos * 3:,}" in text
