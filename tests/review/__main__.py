"""``python -m tests.review``: three tools look at the templates, and a table says what they need not mind.

Part of `make check`. The templates are synthesized (without account, Docker or network) with cdk-nag's AWS solutions rules;
cfn-lint and checkov look at those that have changed. Fails at a finding that tests/review/accepted.py does not name, and
at what it names that is not found any more.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from pathlib import Path

from local.settings import ROOT
from tests.review.accepted import ACCEPTED
from tests.review.findings import idle, open_findings
from tests.review.linters import FOLDER, CannotReviewError, findings, templates

LOOKED_AT = (
    "stacks",
    "tilework",
    "worker_image",
    "tests/stacks",
    "tests/review",
    "cdk.json",
    "requirements.txt",
)
"""Whatever decides on the templates, or on what is said of them."""

PASSED = FOLDER / "passed"


def main() -> int:
    """0 where all three have nothing to say that was not accepted."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    inputs = _inputs()
    if PASSED.exists() and PASSED.read_text() == inputs:
        sys.stdout.write("The templates are reviewed: nothing that decides on them has changed since\n")
        return 0
    status = _review()
    if status == 0:
        PASSED.write_text(inputs)
    return status


def _inputs() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in LOOKED_AT:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _review() -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="work-") as name:
        work = Path(name)
        try:
            reviewed = templates(work)
            found = [finding for template in reviewed for finding in template.findings]
            found += findings(reviewed, work)
        except CannotReviewError as error:
            sys.stderr.write(f"\n{error}\n")
            return 1
    wrong = [
        f"{finding.template}: {finding.tool} {finding.rule} {finding.resource} {finding.detail}\n    {finding.says}"
        for finding in open_findings(found, ACCEPTED)
    ]
    wrong += [f"accepted, but not found any more: {entry}" for entry in idle(found, ACCEPTED)]
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n\nMend the stack, or accept in tests/review/accepted.py.\n")
        return 1
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"Reviewed {len(reviewed)} templates by cdk-nag, cfn-lint and checkov in {seconds:.0f} s: "
        f"{len(set(found))} findings, each accepted for a reason ({len(ACCEPTED)} in tests/review/accepted.py)\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
