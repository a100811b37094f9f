"""The templates that are reviewed, and what cdk-nag finds while they are synthesized.

A process of its own (``python -m tests.review.templates FOLDER``): the library prints each finding, accepted or not.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks

from stacks.settings import Settings
from tests.review.findings import Finding, Reviewed
from tests.stacks.cases import CASES
from tests.stacks.conftest import ASSET_HASH
from tests.stacks.synthesis import any_code, app_of

if TYPE_CHECKING:
    from aws_cdk import App

STACK = "Tilework"

REVIEWED = {
    "default": Settings(),
    **CASES,
    "all-switches": Settings(
        budget_usd=50,
        budget_stops_fleet=True,
        alarm_mail="ops@example.com",
        erase_by_api=True,
        completion_events=True,
    ),
}
"""Every deployment that has a snapshot, and one of what those leave out."""

NO_HASH = "0" * 64
"""In the place of an asset's, which changes with each edit of what it holds and is nothing to review."""

_RULE = re.compile(r"AwsSolutions-(?P<rule>\w+)(\[(?P<detail>.*)\])?")


def synthesized(folder: Path, deployments: dict[str, Settings]) -> list[Reviewed]:
    """Each of the deployments, checked by cdk-nag on the way."""
    code = any_code(folder)
    return [
        checked(name, app_of(settings, code, folder / name), folder / name)
        for name, settings in deployments.items()
    ]


def checked(name: str, app: App, folder: Path) -> Reviewed:
    """Synthesize with AWS's solutions rules.

    No rule is acknowledged in the stack: it would not be reported any more, and nobody would notice when what was
    accepted is gone.
    """
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    report = folder / "validation-report.json"
    try:
        app.synth()
    except RuntimeError:
        # a finding ends the synthesis, once all is written
        if not report.exists():
            raise
    text = ASSET_HASH.sub(NO_HASH, (folder / f"{STACK}.template.json").read_text())
    return Reviewed(name, text, _paths(folder), tuple(_nag(name, json.loads(report.read_text()))))


def path_of(construct: str) -> str:
    """A construct's path as findings have it: within the stack, and without the words that every resource ends with."""
    return construct.lstrip("/").removeprefix(f"{STACK}/").removesuffix("/Resource")


def _paths(folder: Path) -> dict[str, str]:
    metadata = json.loads((folder / f"{STACK}.metadata.json").read_text())
    return {
        entry["data"]: path_of(path)
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }


def _nag(template: str, report: dict[str, Any]) -> list[Finding]:
    violations = [each for plugin in report["pluginReports"] for each in plugin["violations"]]
    return [
        _finding(template, violation["ruleName"], construct["constructPath"], violation["description"])
        for violation in violations
        for construct in violation["violatingConstructs"]
    ]


def _finding(template: str, name: str, construct: str, says: str) -> Finding:
    rule = _RULE.fullmatch(name)
    told = (rule["rule"], rule["detail"] or "") if rule else (name, "")
    return Finding("cdk-nag", told[0], path_of(construct), told[1], says, template)


if __name__ == "__main__":
    _folder = Path(sys.argv[1])
    (_folder / "reviewed.json").write_text(
        json.dumps([asdict(template) for template in synthesized(_folder, REVIEWED)])
    )
