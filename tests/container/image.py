"""The workers' image: built, weighed, and looked into."""

from __future__ import annotations

import re
import stat
import subprocess
import tarfile
import zlib
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.container.engine import Engine, output_of
from tests.flow.running_system import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NAME = "tilework-worker:container"

MOST_BYTES = 300 * 10**6
"""Compressed, as it lies in a registry: what a host downloads before it can work."""

PROGRAM_FOLDERS = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "bin", "sbin", "opt/venv/bin")
TOOLS = {
    "sh",
    "bash",
    "dash",
    "busybox",
    "perl",
    "apt",
    "apt-get",
    "dpkg",
    "pip",
    "su",
    "mount",
    "curl",
    "wget",
    "tar",
}
"""Of what there is to be none, some."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in the image: programs by path, files with set-id bits, packages as (kind, name, version, architecture)."""

    programs: list[str] = field(default_factory=list)
    set_ids: list[str] = field(default_factory=list)
    packages: list[tuple[str, str, str, str]] = field(default_factory=list)


def build(engine: Engine, base: str, build_base: str, plugins: Path) -> None:
    """Build it from this checkout's own Dockerfile, with the wheels in a folder of the checkout."""
    wheels = plugins.relative_to(ROOT).as_posix()
    context = ["tar", "-C", str(ROOT), "--exclude=__pycache__", "-c", *copied(), wheels]
    engine.feed(
        subprocess.Popen(context, stdout=subprocess.PIPE),
        "build", "--network", "host", "--file", "worker_image/Dockerfile", "--tag", NAME,
        "--build-arg", f"BASE={base}", "--build-arg", f"BUILD_BASE={build_base}", "--build-arg", f"PLUGINS={wheels}", "-",
    )  # fmt: skip


def copied() -> list[str]:
    """The folders of the checkout that the Dockerfile copies from."""
    dockerfile = (ROOT / "worker_image/Dockerfile").read_text()
    return sorted(set(re.findall(r"^COPY (?!--from)(\w+)", dockerfile, re.MULTILINE)))


def compressed_bytes(engine: Engine) -> int:
    """Bytes of all layers, each compressed as ``docker push`` does it (gzip's usual level)."""
    saved = engine.stream("save", NAME)
    total = 0
    with tarfile.open(fileobj=output_of(saved), mode="r|") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is None:
                continue
            press = zlib.compressobj(6, wbits=31)
            while block := file.read(1 << 20):
                total += len(press.compress(block))
            total += len(press.flush())
    assert saved.wait() == 0
    return total


def look_into(engine: Engine) -> Contents:
    """Go through all files of the image."""
    found = Contents()
    container = engine.run("create", NAME)
    exported = engine.stream("export", container)
    with tarfile.open(fileobj=output_of(exported), mode="r|") as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if str(path.parent) in PROGRAM_FOLDERS and not member.isdir():
                found.programs.append(str(path))
            if member.isfile() and member.mode & (stat.S_ISUID | stat.S_ISGID):
                found.set_ids.append(str(path))
            is_list = str(path) == "var/lib/dpkg/status"
            if is_list or (path.name == "METADATA" and path.parent.suffix == ".dist-info"):
                file = archive.extractfile(member)
                assert file is not None
                text = file.read().decode("utf-8", "replace")
                found.packages.extend(debian_packages(text) if is_list else [python_package(text)])
    assert exported.wait() == 0
    engine.run("rm", container)
    return found


def debian_packages(status: str) -> list[tuple[str, str, str, str]]:
    """Those that Debian's list tells to be installed."""
    entries = [HeaderParser().parsestr(entry) for entry in status.split("\n\n") if entry.strip()]
    return [
        ("deb", entry["Package"], entry["Version"], entry["Architecture"])
        for entry in entries
        if entry["Status"] == "install ok installed"
    ]


def python_package(metadata: str) -> tuple[str, str, str, str]:
    """The one that such a file (METADATA, core metadata specifications) tells of."""
    told = HeaderParser().parsestr(metadata)
    return "pypi", told["Name"], told["Version"], ""
