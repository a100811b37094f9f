"""Templates, each synthesized once a session: the library that does it is slow to start."""

from __future__ import annotations

import functools
import json
import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.node_runtime import NODE
from stacks.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

ASSET_HASH = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Settings], dict[str, Any]]:
    """Turn settings into a template: with the feature flags of cdk.json, any zip for the master's code, and without
    the hashes of assets, which change with each edit of what they hold.
    """
    os.environ.setdefault("JSII_NODE", str(NODE))
    from aws_cdk import App

    from stacks.tilework_stack import TileworkStack

    directory = tmp_path_factory.mktemp("synth")
    code = directory / "code.zip"
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("master/lambda_handler.py", "")
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]

    @functools.cache
    def synth(settings: Settings) -> dict[str, Any]:
        outdir = directory / str(len(list(directory.iterdir())))
        app = App(context=flags, outdir=str(outdir), analytics_reporting=False)
        TileworkStack(app, "Tilework", settings=settings, master_code=code)
        app.synth()
        written = (outdir / "Tilework.template.json").read_text()
        template: dict[str, Any] = json.loads(ASSET_HASH.sub("<asset>", written))
        return template

    return synth


@pytest.fixture(scope="session")
def template(synthesize: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
    """What the default settings give."""
    return synthesize(Settings())
