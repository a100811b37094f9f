"""The bill of materials: what the image is made of, as scanners read it, and such a scanner where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.flow.running_system import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PATH = ROOT / "build" / "tilework-worker.cdx.json"
LOCK = ROOT / "worker_image" / "requirements.txt"
SCANNERS = {
    "trivy": ("sbom", f"{PATH}"),
    "grype": (f"sbom:{PATH}",),
    "pip-audit": ("--disable-pip", "--requirement", f"{LOCK}"),
}
"""What looks for known vulnerabilities, the one with the most knowledge first; the last knows Python's packages only."""

LAST_LINES = 12
UNKNOWN = "could not be audited"


def bill(packages: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    """Write (kind, name, version, architecture) as CycloneDX 1.5 has it (https://cyclonedx.org/docs/1.5/json/)."""
    components = [
        {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}
        for kind, name, version, architecture in sorted(set(packages))
        for url in [package_url(kind, name, version, architecture)]
    ]
    about = {"type": "container", "bom-ref": "image", "name": "tilework-worker"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": about},
        "components": components,
    }


def package_url(kind: str, name: str, version: str, architecture: str) -> str:
    """The package's name for all tools (https://github.com/package-url/purl-spec)."""
    if kind == "pypi":
        return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{quote(version)}"
    return f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}"


def write(packages: list[tuple[str, str, str, str]]) -> Path:
    """Write the bill to build/; where."""
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(bill(packages), indent=1) + "\n")
    return PATH


def scanned() -> str:
    """What a scanner on this machine says, or that there is none."""
    tool = next((name for name in SCANNERS if shutil.which(name)), None)
    if tool is None:
        return f"Nothing was scanned for vulnerabilities: there is no {', no '.join(SCANNERS)} here."
    command = [tool, *SCANNERS[tool]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    # without its service pip-audit knows of no package, and then finds nothing in none
    unknown = [line for line in lines if UNKNOWN in line]
    said = [line for line in lines if line not in unknown][-LAST_LINES:]
    if unknown:
        said.append(f"{len(unknown)} packages could not be audited: what it goes by was not reached.")
    return "\n    ".join([f"{' '.join(command)} ended with status {done.returncode}:", *said])
