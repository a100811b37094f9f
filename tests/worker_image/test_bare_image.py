"""What the build of the image takes out, and what it must leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.flow.running_system import ROOT
from worker_image.bare_image import SERVICES, WORLD_PROGRAMS, bare_packages, bare_system

if TYPE_CHECKING:
    from pathlib import Path


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """A root with three packages of which one is a shell, merged as Debian's is, and some that belongs to none."""
    contents = {
        "libc6": ["usr/lib/libc.so.6", "usr/share/doc/libc6/copyright", "usr/share/doc/libc6/changelog"],
        "python3.11": ["usr/bin/python3.11", "usr/lib/python3.11/os.py"],
        "dash": ["usr/bin/dash", "usr/share/dash/profile"],
    }
    make(tmp_path, *(name for names in contents.values() for name in names))
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "usr/bin/sh").symlink_to("dash")
    (tmp_path / "usr/bin/python3").symlink_to("python3.11")
    make(
        tmp_path, "usr/local/bin/pip", "usr/local/bin/python", "var/cache/apt/some.deb", "etc/ssl/certs/a.pem"
    )
    database = tmp_path / "var/lib/dpkg"
    make(database, *(f"info/{name}.list" for name in contents), "info/dash.postinst", "status-old")
    for name, names in contents.items():
        (database / "info" / f"{name}.list").write_text(
            "\n".join(["/.", "/bin", "/usr", *(f"/{one}" for one in names)])
        )
    (database / "status").write_text("".join(f"Package: {name}\nVersion: 1\n\n" for name in contents))
    return tmp_path


def test_a_bare_system_has_python_and_libraries_and_no_other_program(debian: Path) -> None:
    bare_system(debian)
    assert {path.name for path in (debian / "bin").iterdir()} == {"python3", "python3.11"}
    assert {path.name for path in (debian / "usr/local/bin").iterdir()} == {"python"}
    for kept in (
        "usr/lib/libc.so.6",
        "usr/lib/python3.11/os.py",
        "etc/ssl/certs/a.pem",
        "usr/share/doc/libc6/copyright",
    ):
        assert (debian / kept).is_file(), kept
    for gone in ("usr/share/dash/profile", "var/cache", "usr/share/doc/libc6/changelog"):
        assert not (debian / gone).exists(), gone


def test_debians_list_tells_what_is_left(debian: Path) -> None:
    bare_system(debian)
    database = debian / "var/lib/dpkg"
    told = re.findall(r"^Package: (\S+)$", (database / "status").read_text(), re.MULTILINE)
    assert told == ["libc6", "python3.11"]
    assert {path.name for path in (database / "info").iterdir()} == {"libc6.list", "python3.11.list"}
    assert not (database / "status-old").exists()


def test_bare_packages_are_those_that_are_imported_with_what_starts_a_world(tmp_path: Path) -> None:
    site = "lib/python3.11/site-packages"
    kept = ["bin/python", "bin/mpiexec", "bin/ompirun_wrapper", "bin/prterun", f"{site}/numpy/__init__.py"]
    kept += [f"{site}/botocore/data/s3/1/service.json.gz", f"{site}/botocore/data/endpoints.json"]
    gone = [
        "bin/pip",
        "bin/mpicc",
        "bin/activate",
        "include/mpi.h",
        f"{site}/botocore/data/ec2/1/service.json.gz",
    ]
    gone += [f"{site}/numpy/tests/__init__.py", f"{site}/numpy/tests/test_all.py"]
    make(tmp_path, *kept, *gone)
    bare_packages(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(kept)


def test_every_service_that_a_worker_host_calls_is_still_described() -> None:
    called = set()
    for path in [*(ROOT / "tilework").rglob("*.py"), *(ROOT / "worker_image").rglob("*.py")]:
        called |= set(re.findall(r"\.client\(\s*\"([\w-]+)\"", path.read_text()))
    assert {"s3", "sqs", "dynamodb", "autoscaling"} <= called
    assert called <= set(SERVICES)


def test_the_last_stage_is_made_from_nothing_by_copies_alone() -> None:
    dockerfile = (ROOT / "worker_image/Dockerfile").read_text()
    base, _, last = dockerfile.rpartition("\nFROM ")[2].partition("\n")
    assert base == "scratch"
    assert not re.search(r"^(RUN|ADD) ", last, re.MULTILINE)
    # no shell is there to read them
    assert re.findall(r"^(?:ENTRYPOINT|CMD) (.)", last, re.MULTILINE) == ["["]
    assert WORLD_PROGRAMS.fullmatch("mpiexec")
