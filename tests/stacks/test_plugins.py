"""The setting `plugins`: wheels of an index, a path or a bucket, in the workers' image and in the master's zip."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack

from stacks.lambda_build import LambdaBuild
from stacks.plugins import PluginWheels
from stacks.settings import Settings
from stacks.worker_container import WorkerContainer
from tests.imaging.plugin_packages import OFFERED, wheel
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import App
from tilework.errors import SettingsError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MASTER = """
import sys
for name in ("numpy", "cv2"):
    sys.modules[name] = None
sys.path[:0] = sys.argv[1:]
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import load_own_operations, others_in
load_own_operations("")
print(*others_in(parse("halve | blur(9)")))
"""


def nothing(address: str) -> bytes:
    raise AssertionError(address)


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    return wheel(
        tmp_path, "acme-halves", "1.2", {"acme_halves": OFFERED.format(name="halve")}, halve="acme_halves"
    )


def of(tmp_path: Path, *words: str) -> PluginWheels:
    return PluginWheels(words=words, architecture="x86_64", root=tmp_path)


@pytest.mark.parametrize(
    "word",
    ["acme", "acme>=1", "acme==1,2", "acme.zip", "https://x/a.whl", "acme==1#sha256=12", "-r==1", "a b==1"],
)
def test_what_is_no_single_wheel_is_refused(word: str) -> None:
    with pytest.raises(SettingsError, match="plugins names"):
        Settings(plugins=(word,))


def test_wheels_come_from_a_path_a_bucket_and_an_index(
    tmp_path: Path, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    wheel(index, "needed", "3.1", {"needed": "x = 1"})
    other = wheel(index, "acme-other", "2", {"acme_other": OFFERED.format(name="other")}, other="acme_other")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    content = {f"s3://bucket/{other.name}": other.read_bytes()}
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    wheels = of(tmp_path, halves.name, f"s3://bucket/{other.name}#sha256={digest}", "needed==3.1")
    wheels.fetch(content.__getitem__)
    assert {each.name.partition("-")[0] for each in wheels.wheels.iterdir()} == {
        "acme_halves",
        "acme_other",
        "needed",
    }
    assert wheels.of_the_master is not None
    modules = {each.name for each in wheels.of_the_master.glob("*.py")}
    assert modules == {"acme_halves.py", "acme_other.py"}, "what offers no operation is the workers' alone"
    # the second time nothing is asked
    wheels.fetch(nothing)


def test_a_wheel_that_was_built_again_is_another(tmp_path: Path, halves: Path) -> None:
    before = of(tmp_path, halves.name).folder
    wheel(
        tmp_path, "acme-halves", "1.2", {"acme_halves": OFFERED.format(name="thirds")}, thirds="acme_halves"
    )
    assert of(tmp_path, halves.name).folder != before


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("nowhere.whl", "is not there"),
        ("acme_halves-1.2-py3-none-any.whl#sha256=" + 64 * "0", "is another: its SHA-256 is"),
        ("broken.whl", "is no wheel"),
        ("greedy-1-py3-none-any.whl", "brings tilework/errors.py, which is Tilework's own"),
        ("sly-1-py3-none-any.whl", "brings ./tilework/errors.py, which is no plain path"),
        ("up-1-py3-none-any.whl", r"brings a/../../x.py, which is no plain path"),
        ("apart-1-py3-none-any.whl", "brings master/app.py, which is Tilework's own"),
        ("NumPy-9.9-py3-none-any.whl", "is numpy, of which Tilework locks the version"),
        ("opencv_python_headless-9-py3-none-any.whl", "is opencv-python-headless, of which Tilework locks"),
        ("fastapi-9-py3-none-any.whl", "is fastapi, of which"),
        ("renamed-1.whl", "is numpy, of which"),
        ("no-such==1", "pip could not fetch the plugin no-such==1"),
    ],
)
def test_what_cannot_be_had_is_told_and_leaves_nothing(
    tmp_path: Path, halves: Path, monkeypatch: pytest.MonkeyPatch, word: str, reason: str
) -> None:
    assert halves.is_file()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "broken.whl").write_text("no zip")
    wheel(tmp_path, "greedy", "1", {"tilework/errors": ""})
    wheel(tmp_path, "sly", "1", {"./tilework/errors": ""})
    wheel(tmp_path, "up", "1", {"a/../../x": ""})
    wheel(tmp_path, "apart", "1", {"apart-1.data/purelib/master/app": ""})
    for name, version in (("NumPy", "9.9"), ("opencv-python-headless", "9"), ("fastapi", "9")):
        wheel(tmp_path, name, version, {"other": ""})
    wheel(tmp_path, "numpy", "9", {"other": ""}).rename(tmp_path / "renamed-1.whl")
    wheels = of(tmp_path, word)
    with pytest.raises(SetupError, match=reason):
        wheels.fetch(nothing)
    assert list(wheels.folder.parent.iterdir()) == []
    with pytest.raises(SetupError, match="not fetched yet"):
        wheels.wheels  # noqa: B018 - to look is to ask


def test_the_master_knows_the_operations_of_its_zip_without_opencv_and_numpy(
    tmp_path: Path, halves: Path
) -> None:
    wheels = of(tmp_path, halves.name)
    wheels.fetch(nothing)
    build = LambdaBuild(architecture="x86_64", python="3.12", cache=tmp_path / "cache")
    build.packages.mkdir(parents=True)
    code = tmp_path / "code"
    with zipfile.ZipFile(build.bundle(wheels.of_the_master)) as archive:
        archive.extractall(code)
    assert build.bundle() != build.bundle(wheels.of_the_master)
    told = subprocess.run(
        [sys.executable, "-I", "-c", MASTER, str(code)], capture_output=True, text=True, check=True
    ).stdout
    assert told == "acme-halves 1.2\n"


def test_two_plugins_with_a_module_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        wheel(tmp_path, name, "1", {"halves": OFFERED.format(name=name)}, **{name: "halves"})
    with pytest.raises(SetupError, match=r"two-1.* brings halves\.py, which another plugin brings as well"):
        of(tmp_path, "one-1-py3-none-any.whl", "two-1-py3-none-any.whl").fetch(nothing)


def test_a_module_in_the_folder_of_a_scheme_is_the_masters_too(tmp_path: Path) -> None:
    content = {"acme-1.data/purelib/acme": OFFERED.format(name="halve")}
    wheels = of(tmp_path, wheel(tmp_path, "acme", "1", content, halve="acme").name)
    wheels.fetch(nothing)
    assert wheels.of_the_master is not None
    assert (wheels.of_the_master / "acme.py").is_file()


def test_a_plugin_that_brings_a_file_of_the_masters_packages_is_no_part_of_its_zip(tmp_path: Path) -> None:
    content = {"acme": OFFERED.format(name="halve"), "boto3/session": "stolen = True"}
    wheels = of(tmp_path, wheel(tmp_path, "acme", "1", content, halve="acme").name)
    wheels.fetch(nothing)
    build = LambdaBuild(architecture="x86_64", python="3.12", cache=tmp_path / "cache")
    (build.packages / "boto3").mkdir(parents=True)
    (build.packages / "boto3" / "session.py").write_text("ours = True")
    with pytest.raises(SetupError, match=r"A plugin brings boto3/session\.py"):
        build.bundle(wheels.of_the_master)


def test_what_is_locked_is_installed_last_and_in_any_case() -> None:
    dockerfile = (ROOT / "worker_image" / "Dockerfile").read_text()
    plugins, locked = (dockerfile.index(word) for word in ("--no-index --no-deps {}", "--require-hashes"))
    assert plugins < dockerfile.index("--force-reinstall") < locked


@pytest.fixture
def fetched(halves: Path) -> Iterator[Settings]:
    """Settings with a plugin that is fetched into this checkout."""
    settings = Settings(plugins=(str(halves),))
    wheels = PluginWheels.of(settings)
    wheels.fetch(nothing)
    yield settings
    shutil.rmtree(wheels.folder)


def images_of(settings: Settings, outdir: Path) -> list[dict[str, Any]]:
    """What the workers' container alone asks to be built."""
    app = App(outdir=str(outdir), analytics_reporting=False)
    WorkerContainer(Stack(app, "Workers"), "Container", settings=settings)
    app.synth()
    (assets,) = outdir.glob("*.assets.json")
    return [image["source"] for image in json.loads(assets.read_text()).get("dockerImages", {}).values()]


def test_the_image_is_built_with_the_wheels_and_the_rest_of_the_build_stays_outside(
    fetched: Settings, halves: Path, tmp_path: Path
) -> None:
    (source,) = images_of(fetched, tmp_path / "out")
    staged = tmp_path / "out" / source["directory"]
    assert [each.name for each in (staged / source["dockerBuildArgs"]["PLUGINS"]).iterdir()] == [halves.name]
    assert {each.name for each in staged.iterdir()} == {"tilework", "worker_image", ".tilework"}
    assert len([each for each in (staged / ".tilework").rglob("*") if each.is_file()]) == 1


def test_without_plugins_nothing_of_them_is_in_the_build(tmp_path: Path) -> None:
    (source,) = images_of(Settings(), tmp_path / "out")
    assert "dockerBuildArgs" not in source
    assert {each.name for each in (tmp_path / "out" / source["directory"]).iterdir()} == {
        "tilework",
        "worker_image",
    }


def test_an_image_of_ones_own_has_its_own_plugins(fetched: Settings, tmp_path: Path) -> None:
    settings = Settings(plugins=fetched.plugins, worker_image_uri="registry.example.org/tilework:1")
    assert images_of(settings, tmp_path / "out") == []


def test_a_container_is_built_without_plugins_as_well() -> None:
    dockerfile = (ROOT / "worker_image" / "Dockerfile").read_text()
    assert "ARG PLUGINS=worker_image/requirements.txt" in dockerfile
    assert "--no-index --no-deps" in dockerfile
