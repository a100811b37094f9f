"""The table of attacks as docs/security.md has it."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from tests.rehearsal.attacks import ATTACKS

TITLE: Final = "## Attacks"

INTRODUCTION: Final = f"""{TITLE}

`make rehearse` tries each with a session of the role, on the deployed stack with permissions enforced, and each is denied
([rehearsal.md](rehearsal.md)). `another` is what else the account has.

| role | tries | why not |
|---|---|---|
"""


def rendered() -> str:
    """One line for each role and reason."""
    lines = []
    for role, rows in groupby(ATTACKS, key=lambda row: row.role):
        tries: dict[str, list[str]] = {}
        for row in rows:
            tries.setdefault(row.why, []).append(f"`{row.action}` on {row.resource}")
        lines += [f"| {role} | {', '.join(each)} | {why} |" for why, each in tries.items()]
    return INTRODUCTION + "\n".join(lines) + "\n"
