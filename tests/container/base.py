"""What the image is built upon: the Dockerfile's own base, or a Debian made here where no registry can be reached."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.container.engine import get_ready
from tests.flow.running_system import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.container.engine import Engine

MADE_HERE = "debootstrap"
SUITE = "bookworm"
"""The Debian with Python 3.11, which the Dockerfile's base has."""

IMAGE = "tilework-base:container"
BUILD_IMAGE = "tilework-build-base:container"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

PIP_OPTIONS = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
"""Of the machine's pip, those that say how an index is reached."""


def dockerfiles_own() -> str:
    """The base that the Dockerfile names."""
    found = re.search(r"^ARG BASE=(\S+)$", (ROOT / "worker_image/Dockerfile").read_text(), re.MULTILINE)
    assert found
    return found[1]


def get(engine: Engine, wanted: str) -> tuple[str, str]:
    """A base in ``engine``: the image ``wanted``, one made here, or where nothing is said what can be had; and a sentence."""
    if wanted != MADE_HERE:
        image = wanted or dockerfiles_own()
        pulled = engine.try_out("pull", "--quiet", image)
        if pulled.returncode == 0:
            return image, f"{image}, from its registry"
        assert not wanted, f"{image} cannot be pulled: {pulled.stderr.strip()}"
        why = pulled.stderr.strip().splitlines()[-1][-160:]
        print(f"  {image} cannot be pulled, so a Debian takes its place: {why}", flush=True)
    sentence = f"Debian {SUITE}, made by debootstrap"
    if engine.try_out("image", "inspect", IMAGE).returncode == 0:
        return IMAGE, f"{sentence}, by an earlier run"
    get_ready((MADE_HERE,))
    folder = engine.folder / "debian"
    command = [
        MADE_HERE, "--variant=minbase", "--include=python3,python3-venv,ca-certificates", SUITE, str(folder),
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-2000:]
    packed = subprocess.Popen(["tar", "-C", str(folder), "-c", "."], stdout=subprocess.PIPE)
    engine.feed(packed, "import", "-", IMAGE)
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=True)
    return IMAGE, sentence


def for_building(engine: Engine, base: str) -> str:
    """``base`` with the way to the package index that pip has on this machine. What is in it never enters the image."""
    folder = engine.folder / "build-base"
    folder.mkdir(exist_ok=True)
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    options = pip_options(listed.stdout)
    lines = [f"FROM {base}"]
    bundle = certificates(listed.stdout, os.environ)
    if bundle is not None:
        (folder / "bundle").write_bytes(bundle.read_bytes())
        lines.append(f"COPY bundle {BUNDLE}")
        options["cert"] = BUNDLE
    (folder / "pip.conf").write_text(
        "\n".join(["[global]", *(f"{name} = {value}" for name, value in options.items()), ""])
    )
    lines.append("COPY pip.conf /etc/pip.conf")
    (folder / "Dockerfile").write_text("\n".join(lines))
    engine.run("build", "--network", "host", "--tag", BUILD_IMAGE, str(folder))
    return BUILD_IMAGE


def pip_options(listed: str) -> dict[str, str]:
    """Those of PIP_OPTIONS in what ``pip config list`` prints, without what lies on this machine's own disk."""
    found = {}
    for name, value in _settings(listed):
        words = [word for word in value.split() if not word.startswith(("file:", "/"))]
        if name in PIP_OPTIONS and words:
            found[name] = " ".join(words)
    return found


def certificates(listed: str, environ: Mapping[str, str]) -> Path | None:
    """The bundle that pip trusts here instead of its own, if any."""
    named = [value for name, value in _settings(listed) if name == "cert"]
    named += [environ[name] for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE") if environ.get(name)]
    return next((path for path in map(Path, named) if path.is_file()), None)


def _settings(listed: str) -> list[tuple[str, str]]:
    """Names and values; what the environment says comes last."""
    found = []
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install", ":env:"}:
            found.append((name, str(ast.literal_eval(value))))
    return found
