"""``tilework doctor``: what a worker host looks at before it starts, for a person."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from tilework.aws.connect import build_clients
from tilework.aws.service_clock import ServiceClock
from tilework.checks.check import Check, Finding, Health, find
from tilework.checks.machine import machine_checks
from tilework.checks.ranks import folder_of, ranks_of
from tilework.checks.services import service_checks
from tilework.cli import consoles, statuses
from tilework.cli.joining import NoSystemError, find_deployment
from tilework.cli.pipelines import load_operations
from tilework.errors import SettingsError
from tilework.imaging.limits import Limits
from tilework.imaging.plugins import disabled, plugins
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

STYLES = {Health.FINE: "green", Health.SILENT: "yellow", Health.WRONG: "bold red"}


def run(*, json: bool) -> int:
    """Look at everything once, and tell."""
    note = ""
    checks = _of_this_machine()
    try:
        checks += _of_the_system()
    except NoSystemError as error:
        note = error.reason
    findings = [find(check) for check in checks]
    if json:
        consoles.print_json({"findings": [_document(one) for one in findings], "note": note})
    else:
        _print(findings)
        if note:
            consoles.talk().print(f"{note} Only this machine was looked at.", style="dim", soft_wrap=True)
    return _status(findings)


def _of_this_machine() -> list[Check]:
    limits = Limits.from_environment(os.environ)
    folder = folder_of(os.environ)
    # a look must leave no folder behind
    while not folder.exists():
        folder = folder.parent
    return [*machine_checks(ranks_of(os.environ, limits), folder, limits), Check("plugins", 0, _plugins)]


def _plugins() -> str:
    """Which plugins there are. Raises SettingsError where some of them are disabled."""
    load_operations()
    if faults := [f"{plugin} is disabled: {plugin.reason}" for plugin in disabled()]:
        raise SettingsError(
            " ".join(faults),
            advice="Correct or remove it; all else works without. See docs/own-operations.md.",
        )
    told = ", ".join(f"{plugin.origin} ({', '.join(plugin.operations)})" for plugin in plugins())
    return f"Operations come from {told}." if told else "No plugin is installed."


def _of_the_system() -> list[Check]:
    deployment = find_deployment(os.environ, Path.cwd())
    # whoever looks wants to know how things stand now
    clients = build_clients(deployment.region, deployment.endpoint_url, attempts=1)
    clock = ServiceClock()
    clock.listen(clients.dynamodb)
    return service_checks(clients, deployment, clock)


def _status(findings: Sequence[Finding]) -> int:
    health = {one.health for one in findings}
    if Health.WRONG in health:
        return statuses.SOME_FAILED
    return statuses.NOT_REACHED if Health.SILENT in health else statuses.ALL_DONE


def _document(finding: Finding) -> dict[str, object]:
    return asdict(finding) | {"health": finding.health.value}


def _print(findings: Sequence[Finding]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in findings:
        told = Text(shown(one.sentence))
        if one.health is not Health.FINE:
            told.append(f"\n{shown(one.advice)}", style="dim")
        table.add_row(Text(one.health.value, style=STYLES[one.health]), shown(one.name), told)
    consoles.output().print(table)
