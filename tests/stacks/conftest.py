"""Templates, each synthesized once a session: the library that does it is slow to start."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
    from tests.stacks.synthesis import any_code, app_of

    directory = tmp_path_factory.mktemp("synth")
    code = any_code(directory)

    @functools.cache
    def synth(settings: Settings) -> dict[str, Any]:
        outdir = directory / str(len(list(directory.iterdir())))
        app_of(settings, code, outdir).synth()
        written = (outdir / "Tilework.template.json").read_text()
        template: dict[str, Any] = json.loads(ASSET_HASH.sub("<asset>", written))
        return template

    return synth


@pytest.fixture(scope="session")
def template(synthesize: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
    """What the default settings give."""
    return synthesize(Settings())
