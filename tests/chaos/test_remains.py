"""What a run has left on the machine is found, and what others have there is none of its business."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from tests.chaos import remains

LINGER = """
import socket, sys
bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
bell.bind("\\0" + sys.argv[1])
print("here", flush=True)
sys.stdin.read()
"""


def lingering(name: str, **environment: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", LINGER, name], env=os.environ | environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    return process


def test_processes_sockets_shared_memory_and_files_of_worlds_are_found(tmp_path: Path) -> None:
    before = remains.there()
    name = f"tilework-{secrets.token_hex(8)}"
    segment = remains.SHARED_MEMORY / name
    world, temporary = tmp_path / "a" / "host" / "world", tmp_path / "a-tmp"
    world.mkdir(parents=True)
    temporary.mkdir()
    for file in (world / "lock", world / "slots", temporary / "left", segment):
        file.touch()
    try:
        with lingering(name, OURS=str(tmp_path)) as process:
            found = remains._look(tmp_path, before)
            process.kill()
    finally:
        segment.unlink()
    assert [each for each in found if name in each or str(tmp_path) in each or str(process.pid) in each] == [
        f"process {process.pid}: {f'{sys.executable} -c {LINGER} {name}'[:100]}",
        f"in shared memory, open nowhere: {name}",
        f"socket @{name}",
        str(world / "slots"),
        str(temporary / "left"),
    ]


def test_sockets_of_others_are_not_ours(tmp_path: Path) -> None:
    before = remains.there()
    name = f"tilework-{secrets.token_hex(8)}"
    with lingering(name) as process:
        found = remains._look(tmp_path, before)
        process.kill()
    assert not any(name in each for each in found)
