"""The app as the CDK's command line runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stacks.lambda_build import LambdaBuild
from stacks.lambda_contents import MASTER, PREVIEW
from stacks.settings import Settings
from tests.stacks.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run(outdir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    context = json.loads((ROOT / "cdk.json").read_text())["context"] | settings
    # no proxy and no credentials: whoever would reach for the network fails
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    environment |= {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps(context)}
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for contents in (MASTER, PREVIEW):
        LambdaBuild.of(Settings(), contents).install()
    outdir = tmp_path_factory.mktemp("cdk.out")
    done = run(outdir)
    assert (done.returncode, done.stderr) == (0, "")
    return outdir


def test_two_runs_give_the_same_bytes(output: Path, tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    again = content(tmp_path)
    assert "Tilework.template.json" in again
    assert again == content(output)


def test_the_image_is_built_from_the_worker_and_the_domain_and_from_nothing_else(output: Path) -> None:
    images = json.loads((output / "Tilework.assets.json").read_text())["dockerImages"]
    (source,) = (image["source"] for image in images.values())
    assert source["dockerFile"] == "worker_image/Dockerfile"
    staged = content(output / source["directory"])
    assert {name.partition("/")[0] for name in staged} == {"tilework", "worker_image"}
    assert {"worker_image/Dockerfile", "worker_image/requirements.txt", "tilework/errors.py"} <= set(staged)
    assert not [name for name in staged if "__pycache__" in name]


def test_a_region_is_set_without_an_account_and_nothing_is_looked_up_in_either(
    output: Path, tmp_path: Path
) -> None:
    assert run(tmp_path, region="eu-central-1").returncode == 0
    for folder, place in ((output, "unknown-region"), (tmp_path, "eu-central-1")):
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["artifacts"]["Tilework"]["environment"] == f"aws://unknown-account/{place}"
        assert "missing" not in manifest


def test_a_wrong_setting_ends_it_with_a_sentence_and_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, maximum_hosts="many")
    assert done.returncode == 1
    assert "maximum_hosts must be a whole number, not 'many'" in done.stderr
    assert "Traceback" not in done.stderr
