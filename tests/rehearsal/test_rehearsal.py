"""The rehearsal without update, rollback and destroy, as `make rehearse` does it with them; and its tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.running_system import ROOT, _untouched
from tests.rehearsal.attacks import ALLOWANCES, ATTACKS, BY_STRANGERS, ROLES, WITHOUT_TLS
from tests.rehearsal.calls import CALLS
from tests.rehearsal.document import TITLE, rendered

SIXTY = 60


@pytest.mark.timeout(600)
def test_a_host_and_the_functions_work_under_their_own_roles_and_every_attack_is_denied(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tests.rehearsal", "--short", "--folder", str(tmp_path / "rehearsal")]
    ran = subprocess.run(command, cwd=ROOT, env=_untouched(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-4000:]
    assert "Everything is as it must be." in ran.stdout
    assert not (tmp_path / "rehearsal").exists()


def test_every_role_is_tried_both_ways_and_no_row_twice() -> None:
    assert len(ATTACKS) >= SIXTY
    for rows in (ATTACKS, WITHOUT_TLS, BY_STRANGERS):
        assert len({row[:3] for row in rows}) == len(rows)
        assert all(row.why for row in rows)
    assert {row.role for row in ATTACKS} == set(ROLES)
    assert {row.role for row in ALLOWANCES} == set(ROLES)
    assert not {row[:3] for row in ATTACKS} & {row[:3] for row in ALLOWANCES}


def test_what_is_tried_without_tls_is_allowed_with_it() -> None:
    assert {row[:3] for row in WITHOUT_TLS} <= {tuple(row) for row in ALLOWANCES}


def test_every_way_to_ask_is_used() -> None:
    asked = {row.action for row in (*ATTACKS, *WITHOUT_TLS, *BY_STRANGERS, *ALLOWANCES)}
    assert asked == set(CALLS)


def test_the_documented_attacks_are_those_that_are_tried() -> None:
    path = ROOT / "docs" / "security.md"
    before, _, after = path.read_text().partition(TITLE)
    _, following, rest = after.partition("\n## ")
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(before + rendered() + following + rest)
    assert rendered() in path.read_text(), "UPDATE_SNAPSHOTS=1 python -m pytest tests/rehearsal"
