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
SCANNERS = {"trivy": ("sbom",), "grype": ("--add-cpes-if-none",), "osv-scanner": ("--sbom",)}
"""What reads such a bill, and the words before its path."""

LAST_LINES = 12


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
    """What a scanner on this machine says of the bill, or that there is none."""
    tool = next((name for name in SCANNERS if shutil.which(name)), None)
    if tool is None:
        return f"Nothing was scanned for vulnerabilities: there is no {', no '.join(SCANNERS)} here."
    words = [tool, *SCANNERS[tool], str(PATH) if tool != "grype" else f"sbom:{PATH}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:]
    return "\n    ".join([f"{' '.join(words)} ended with status {done.returncode}:", *said])
