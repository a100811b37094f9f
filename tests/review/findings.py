"""What a tool has found, what was accepted of it, and what then is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Tool = Literal["cdk-nag", "cfn-lint", "checkov"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``resource`` is its path in the stack; ``detail`` what the rule is about there, where it says so.

    ``template`` names the deployment.
    """

    tool: Tool
    rule: str
    resource: str
    detail: str = ""
    says: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One template: its text, its resources' paths by logical id, and what cdk-nag found."""

    name: str
    text: str
    paths: dict[str, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A rule that does not hold for some resources, each a pattern of paths, and why; ``detail`` is a regular expression.

    ``mended_in`` is a deployment whose settings mend it: there it is not accepted.
    """

    tool: Tool
    rule: str
    resources: tuple[str, ...]
    reason: str
    detail: str = ".*"
    mended_in: str = ""

    def covers(self, finding: Finding, pattern: str) -> bool:
        """Whether the finding is accepted by this one of the ``resources``."""
        same = (self.tool, self.rule) == (finding.tool, finding.rule)
        return (
            same
            and not (self.mended_in and self.mended_in == finding.template)
            and fnmatchcase(finding.resource, pattern)
            and re.fullmatch(self.detail, finding.detail) is not None
        )


def open_findings(findings: Iterable[Finding], table: Iterable[Accepted]) -> list[Finding]:
    """What nobody has accepted."""
    accepted = list(table)
    return sorted(
        finding
        for finding in set(findings)
        if not any(entry.covers(finding, pattern) for entry in accepted for pattern in entry.resources)
    )


def idle(findings: Iterable[Finding], table: Iterable[Accepted]) -> list[str]:
    """What was accepted and is not found any more: entries, or resources of entries, to take out of the table."""
    found = set(findings)
    return [
        f"{entry.tool} {entry.rule} {pattern} {entry.detail}"
        for entry in table
        for pattern in entry.resources
        if not any(entry.covers(finding, pattern) for finding in found)
    ]
