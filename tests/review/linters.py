"""cfn-lint and checkov, side by side, on all templates that they have not seen yet. Neither needs a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.lock import in_turn
from local.settings import ROOT
from tests.review.findings import Finding, Reviewed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
FOLDER = ROOT / ".tilework" / "review"
LOCK = Path(__file__).parent / "checkov" / "requirements.txt"

SECONDS = 600
"""A hundred times what either takes: a limit against hanging."""

Raw = list[dict[str, str]]


class CannotReviewError(Exception):
    """The templates could not be made, or a tool could not be installed, or said something else than its findings."""


def templates(work: Path) -> list[Reviewed]:
    """All templates, with what cdk-nag says of them. Raises CannotReviewError."""
    command = (sys.executable, "-m", "tests.review.templates", str(work))
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    if ended.returncode != 0:
        raise CannotReviewError(f"The templates could not be synthesized:\n{ended.stderr[-4000:]}")
    return [
        Reviewed(**{**raw, "findings": tuple(Finding(**finding) for finding in raw["findings"])})
        for raw in json.loads((work / "reviewed.json").read_text())
    ]


def findings(templates: Sequence[Reviewed], work: Path) -> list[Finding]:
    """What both find in all of them. A template's findings are kept by its digest, and that of the tools.

    Raises CannotReviewError.
    """
    with in_turn(FOLDER / "lock"):
        new = [template for template in templates if not _kept(template).exists()]
        if new:
            _look_at(new, work)
        return [
            Finding(
                **{
                    **raw,
                    "resource": template.paths.get(raw["resource"], raw["resource"]),
                    "template": template.name,
                }
            )
            for template in templates
            for raw in json.loads(_kept(template).read_text())
        ]


def _kept(template: Reviewed) -> Path:
    tools = (version("cfn-lint"), hashlib.sha256(LOCK.read_bytes()).hexdigest(), Path(__file__).read_text())
    digest = hashlib.sha256("\n".join((*tools, template.text)).encode()).hexdigest()
    return FOLDER / "seen" / f"{digest}.json"


def _look_at(templates: Sequence[Reviewed], work: Path) -> None:
    paths = {template.name: work / f"{template.name}.json" for template in templates}
    for template in templates:
        paths[template.name].write_text(template.text)
    with ThreadPoolExecutor() as both:
        started = [both.submit(tool, list(paths.values())) for tool in (cfn_lint, checkov)]
        found = [each.result() for each in started]
    (FOLDER / "seen").mkdir(exist_ok=True)
    for template in templates:
        raw = [entry for by_path in found for entry in by_path[paths[template.name].name]]
        kept = _kept(template)
        # whole, or not there: a review that was cut short is done again
        partial = kept.with_suffix(".partial")
        partial.write_text(json.dumps(raw))
        partial.rename(kept)


def cfn_lint(paths: Sequence[Path]) -> dict[str, Raw]:
    """Errors and warnings of each template by its file's name; its schemas are in its package."""
    command = (str(Path(sys.executable).parent / "cfn-lint"), "--format", "json", "--", *map(str, paths))
    # its status tells of errors and warnings, in bits
    answer = _json("cfn-lint", command, lambda status: status & 1 == 0)
    found: dict[str, Raw] = {path.name: [] for path in paths}
    for match in answer:
        place = match["Location"].get("Path") or []
        resource = str(place[1]) if place[:1] == ["Resources"] and place[1:] else ""
        found[Path(match["Filename"]).name].append(
            {"tool": "cfn-lint", "rule": match["Rule"]["Id"], "resource": resource, "says": match["Message"]}
        )
    return found


def checkov(paths: Sequence[Path]) -> dict[str, Raw]:
    """Failed checks of each template by its file's name."""
    python = _checkov_python()
    chosen = [word for path in paths for word in ("--file", str(path))]
    options = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--output", "json")
    command = (str(python), "-m", "checkov.main", *options, *chosen)
    answer = _json("checkov", command, lambda status: status in {0, 1})
    found: dict[str, Raw] = {path.name: [] for path in paths}
    summary = answer.get("summary", answer)
    if summary["parsing_errors"] or not summary["passed"]:
        raise CannotReviewError(f"checkov could not read a template: {summary}")
    for check in answer["results"]["failed_checks"]:
        found[Path(check["file_path"]).name].append(
            {
                "tool": "checkov",
                "rule": check["check_id"],
                "resource": check["resource"].rpartition(".")[2],
                "says": check["check_name"],
            }
        )
    return found


def _json(tool: str, command: tuple[str, ...], good: Callable[[int], bool]) -> Any:
    # nothing that would make it look for a platform to report to, or whether there is a newer one
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    kept |= {"HOME": str(FOLDER / "home"), "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
    FOLDER.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(
        command, env=kept, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if not good(ended.returncode):
        last = "\n".join((ended.stdout + ended.stderr).splitlines()[-20:])
        raise CannotReviewError(f"{tool} ended with status {ended.returncode}:\n{last}")
    return json.loads(ended.stdout)


def _checkov_python() -> Path:
    """The Python of checkov's own environment: beside our packages pip would choose a checkov of years ago."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    environment = FOLDER / f"checkov-{digest}"
    stamp = environment / "complete"
    python = environment / "bin" / "python"
    if not stamp.exists():
        for old in FOLDER.glob("checkov-*"):
            shutil.rmtree(old)
        sys.stdout.write("Installing checkov into an environment of its own ...\n")
        sys.stdout.flush()
        _install((sys.executable, "-m", "venv", str(environment)))
        pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _install((*pip, "--cache-dir", str(ROOT / ".tilework" / "cache" / "pip"), "--require-hashes"))
        stamp.touch()
    return python


def _install(command: tuple[str, ...]) -> None:
    wanted = ("--requirement", str(LOCK)) if "pip" in command else ()
    ended = subprocess.run((*command, *wanted), check=False, timeout=SECONDS)
    if ended.returncode != 0:
        raise CannotReviewError(
            f"checkov could not be installed (status {ended.returncode}); the lines above say why.\n"
            "Check the network (a proxy or an index is set as for any pip), then run the same again."
        )
