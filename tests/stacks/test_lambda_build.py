from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stacks.lambda_build import ZIPPED_LIMIT, LambdaBuild
from stacks.lambda_contents import MASTER, UNZIPPED_LIMIT
from stacks.settings import PYTHONS, Settings
from tests.stacks.conftest import ROOT
from tilework.errors import SetupError

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]


@pytest.fixture(scope="module")
def build() -> LambdaBuild:
    """Packages for this very interpreter, so that they can be imported here; kept between runs, as ``make`` does."""
    if HERE not in PYTHONS:
        pytest.skip(f"Lambda has no Python {HERE}")
    build = LambdaBuild(architecture=ARCHITECTURE, python=HERE)
    build.install()
    return build


@pytest.fixture(scope="module")
def bundle(build: LambdaBuild) -> Path:
    return build.bundle()


def test_the_zip_holds_the_master_and_the_domain_and_their_packages(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        names = set(archive.namelist())
    assert {
        "master/lambda_handler.py",
        "tilework/errors.py",
        "fastapi/__init__.py",
        "boto3/__init__.py",
    } <= names
    assert not {name for name in names if name.startswith(("numpy/", "cv2/", "worker_image/", "stacks/"))}


def test_the_zip_describes_every_service_that_is_asked_and_few_others(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
    described = {name.split("/")[2] for name in names if re.match(r"botocore/data/[^/]+/", name)}
    sources = [path.read_text() for path in (ROOT / "tilework" / "aws").glob("*.py")]
    asked = {service for text in sources for service in re.findall(r'\.client\(\s*"([a-z0-9-]+)"', text)}
    assert {"s3", "sqs", "dynamodb", "events"} <= asked
    assert asked <= described == MASTER.services
    assert len(names) < 1500


def test_the_zip_says_nothing_of_the_machine_that_made_it(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        entries = archive.infolist()
        leftovers = [
            entry.filename
            for entry in entries
            if entry.filename.startswith("bin/")
            or entry.filename.endswith((".pyc", "/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json"))
        ]
    assert leftovers == []
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_the_zip_is_within_what_lambda_takes(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < UNZIPPED_LIMIT
    assert bundle.stat().st_size < ZIPPED_LIMIT


def test_the_same_content_gives_the_same_bytes_in_another_place(build: LambdaBuild, tmp_path: Path) -> None:
    made = []
    for name in ("here", "there"):
        root = tmp_path / name
        origin = ROOT if not made else tmp_path / "here"
        for package in ("master", "tilework"):
            shutil.copytree(origin / package, root / package)
        copy = LambdaBuild(architecture=ARCHITECTURE, python=HERE, root=root, cache=root / "cache")
        copy.cache.mkdir()
        copy.packages.symlink_to(build.packages)
        made.append(copy.bundle())
    assert made[0].name == made[1].name
    assert made[0].read_bytes() == made[1].read_bytes()


def test_an_edit_gives_another_zip_and_takes_the_old_one_away(build: LambdaBuild, tmp_path: Path) -> None:
    edited = small_build(tmp_path)
    first = edited.bundle()
    assert edited.bundle() == first
    (edited.root / "master" / "page.html").write_text("<p>two</p>")
    second = edited.bundle()
    assert second != first
    assert sorted(edited.cache.glob("*.zip")) == [second]
    with zipfile.ZipFile(second) as archive:
        assert archive.read("master/page.html") == b"<p>two</p>"


def test_what_is_not_built_yet_is_said_with_the_command_that_builds_it(tmp_path: Path) -> None:
    nothing = LambdaBuild(architecture="arm64", python="3.13", cache=tmp_path)
    with pytest.raises(SetupError) as refused:
        nothing.bundle()
    assert "python -m stacks.lambda_build --architecture arm64 --python 3.13" in refused.value.advice


def test_a_package_with_another_hash_is_refused(tmp_path: Path) -> None:
    forged = small_build(tmp_path)
    shutil.rmtree(forged.packages)
    forged.lock.write_text("six==1.17.0 --hash=sha256:" + 64 * "0" + "\n")
    with pytest.raises(SetupError, match="pip could not install"):
        forged.install()
    assert not list(forged.cache.glob("*"))


def test_the_packages_wanted_are_those_of_the_settings() -> None:
    build = LambdaBuild.of(Settings(architecture="arm64", lambda_python="3.13"))
    assert (build.architecture, build.python) == ("arm64", "3.13")
    other = LambdaBuild.of(Settings())
    assert build.packages != other.packages


def test_the_handlers_are_there_with_nothing_but_the_zip(bundle: Path) -> None:
    program = "import json, master.lambda_handler as m; print(json.dumps([callable(m.handler), callable(m.keeper_handler)]))"
    unpacked = bundle.parent / f"{bundle.stem}-unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                "-S",
                "-B",
                "-c",
                f"import sys; sys.path.insert(0, {str(unpacked)!r}); {program}",
            ],
            env={"AWS_DEFAULT_REGION": "eu-west-1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(unpacked)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [True, True]


def small_build(tmp_path: Path) -> LambdaBuild:
    """A checkout of three files with one package, to be changed at will."""
    root = tmp_path / "checkout"
    for package in ("master", "tilework"):
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text("")
    (root / "master" / "requirements.txt").write_text("")
    build = LambdaBuild(architecture="x86_64", python="3.12", root=root, cache=tmp_path / "cache")
    (build.packages / "six").mkdir(parents=True)
    (build.packages / "six" / "__init__.py").write_text("")
    return build


class Beaten(LambdaBuild):
    """A build during which somebody else puts the same in place."""

    def _pip(self, target: Path) -> list[str]:
        program = (
            "import pathlib, sys\n"
            "for folder in map(pathlib.Path, sys.argv[1:]):\n"
            "    folder.mkdir(parents=True)\n    (folder / 'module.py').touch()"
        )
        return [sys.executable, "-c", program, str(target), str(self.packages)]


def test_where_two_build_at_once_the_first_counts_and_the_second_leaves_nothing(tmp_path: Path) -> None:
    build = Beaten(architecture=ARCHITECTURE, python=PYTHONS[0], cache=tmp_path)
    build.install()
    assert list(tmp_path.rglob("*")) == [build.packages, build.packages / "module.py"]
