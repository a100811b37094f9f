"""Files through one world over several hosts."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile

from tests.hosts.lab import NETWORK, ROOT, give
from tests.waiting import wait_for
from tilework.world.spread.ssh import ssh_command

if TYPE_CHECKING:
    from tests.hosts.lab import Lab

PIPELINE = "blur(9) | canny(100, 200)"

PHOTOS = 400

ODD_SETTINGS = """
    RemoteCommand echo hello
    RequestTTY force
    LogLevel QUIET
    IdentityAgent /run/nobody
    AddKeysToAgent yes
    ForwardAgent yes
    LocalForward 4711 localhost:22
    Tunnel yes
    ControlMaster auto
    ControlPath ~/.ssh/one
    PreferredAuthentications password,keyboard-interactive
    PubkeyAuthentication no
    BatchMode no
"""
"""Each keeps an agent from being reached, or gives its host more than it needs."""


@pytest.fixture(scope="module")
def scan(lab: Lab) -> Path:
    """An image that is worked on in blocks, in the folder that all hosts see."""
    path = lab.shared / "scan.tif"
    noise = np.random.default_rng(7).integers(0, 255, (250, 300, 3), np.uint8)
    pixels = cv2.resize(noise, (2400, 2000), interpolation=cv2.INTER_CUBIC)
    tifffile.imwrite(path, pixels, tile=(512, 512), photometric="rgb")
    give(path)
    return path


def tiles(path: Path) -> list[list[bytes]]:
    """The tiles of each level as they are stored: in the file they lie in the order they were made in."""
    data = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        return [
            [data[at : at + count] for at, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
            for page in file.pages
        ]


def test_one_two_and_three_hosts_make_the_same_bytes(
    lab: Lab, scan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = []
    # by whatever names ssh knows them
    for hosts in ("a", "a,b", f"a,{NETWORK}.2,gamma"):
        began = time.perf_counter()
        name = f"on-{len(results) + 1}.tif"
        done = lab.tilework(
            "process", "scan.tif", name, "--pipeline", PIPELINE, "--hosts", hosts, "--working-set", "16MB"
        )
        assert done.returncode == 0, done.stderr
        results.append(tiles(lab.shared / name))
        with capsys.disabled():
            sys.stdout.write(f"\n{PIPELINE} on {hosts}: {time.perf_counter() - began:.1f} s")
    assert results[1] == results[0]
    assert results[2] == results[0]
    image = cv2.imread(str(scan), cv2.IMREAD_UNCHANGED)
    expected = cv2.Canny(cv2.GaussianBlur(image, (9, 9), 0), 100, 200)
    assert np.array_equal(cv2.imread(str(lab.shared / "on-3.tif"), cv2.IMREAD_UNCHANGED), expected)


def test_hosts_that_do_not_see_the_folder_are_named(lab: Lab, scan: Path) -> None:
    done = lab.tilework("process", "scan.tif", "/tmp/out.tif", "--pipeline", "blur(9)", "--hosts", "a,b,c")
    assert done.returncode == 3
    assert "Not all hosts see the files" in done.stderr
    assert "b (it does not see /tmp/.tilework-" in done.stderr


def test_a_host_whose_key_nobody_knows_is_left_out_and_the_rest_do_the_work(lab: Lab, scan: Path) -> None:
    known = lab.hosts["a"].home / ".ssh" / "known_hosts"
    before = known.read_text()
    known.write_text("".join(line for line in before.splitlines(keepends=True) if not line.startswith("b,")))
    try:
        done = lab.tilework("process", "scan.tif", "c.tif", "--pipeline", "blur(9)", "--hosts", "b,c")
        assert done.returncode == 0, done.stderr
        assert "Host b is left out: Host key verification failed" in done.stderr
        assert lab.tilework("hosts", "b,c").returncode == 3
        assert known.read_text().count("\n") == before.count("\n") - 1
    finally:
        known.write_text(before)


def test_where_no_host_can_be_reached_the_reasons_are_told(lab: Lab, scan: Path) -> None:
    done = lab.tilework("process", "scan.tif", "x.tif", "--pipeline", "blur(9)", "--hosts", "nobody")
    assert done.returncode == 3
    assert "None of the hosts can be reached. nobody: ssh: Could not resolve hostname" in done.stderr


def test_a_checkout_under_a_path_with_a_space_is_refused_for_it(lab: Lab) -> None:
    checkout = lab.shared / "my checkout"
    checkout.symlink_to(ROOT)
    with lab.start("hosts", "b", environment={"PYTHONPATH": str(checkout)}) as command:
        assert command.wait() == 3
    assert f"Open MPI starts nothing on other hosts by '{checkout}/tilework" in command.said()


def test_root_has_no_world_over_several_hosts(lab: Lab) -> None:
    done = lab.tilework("hosts", "a,b", as_root=True)
    assert done.returncode == 3
    assert "is nothing for root" in done.stderr


def test_the_key_opens_a_host_for_an_agent_and_nothing_else(lab: Lab) -> None:
    done = lab.run(
        "ssh", "-i", f"{lab.hosts['a'].home}/.ssh/tilework_ed25519", "-o", "IdentitiesOnly=yes", "b", "id"
    )
    assert "uid=" not in done.stdout
    assert done.stdout.startswith("tilework host agent")


def test_what_a_user_s_own_settings_of_ssh_add_is_overruled_and_their_aliases_hold(lab: Lab) -> None:
    config = lab.hosts["a"].home / ".ssh" / "config"
    before = config.read_text()
    config.write_text(f"{before}\nHost *\n{ODD_SETTINGS}")
    try:
        done = lab.tilework("hosts", "gamma")
        assert done.returncode == 0, done.stdout + done.stderr
        options = ssh_command("gamma", Path("/k"))[1:]
        told = lab.run("ssh", "-G", *options).stdout.splitlines()
    finally:
        config.write_text(before)
    effective = dict(line.split(maxsplit=1) for line in told if " " in line)
    assert effective["hostname"] == "c"
    assert effective["loglevel"] == "INFO"
    for name in ("identityagent", "controlpath", "remotecommand"):
        assert effective.get(name, "none") == "none"
    for name in ("addkeystoagent", "tunnel", "passwordauthentication", "forwardagent"):
        assert effective[name] in {"no", "false"}
    assert not [line for line in told if "localforward" in line]


def test_lost_hosts_are_done_without_and_taken_back(lab: Lab) -> None:
    """One is killed, and the cable of another is cut: no image is lost, and each host computes again later.

    Nor does any host wait for an image that takes an hour.
    """
    photos, seen = lab.shared / "photos", lab.shared / "seen"
    for folder in (photos, seen):
        folder.mkdir()
        give(folder)
    for number in range(PHOTOS):
        cv2.imwrite(str(photos / f"{number}.png"), np.full((50, 60), min(number, 255), np.uint8))

    def at_work() -> set[str]:
        return {path.name.partition("-")[0] for path in seen.iterdir()}

    def forget() -> None:
        for path in seen.iterdir():
            path.unlink()

    with lab.start(
        "process", "photos/", "results/", "--pipeline", "linger", "--hosts", "a,b,c", "--ranks", "2",
        environment={
            "TILEWORK_EXTRA_OPERATIONS": "tests.hosts.own_operations",
            "TILEWORK_LIMIT_DECODER_SECONDS": "600",
        },
    ) as command:  # fmt: skip
        wait_for(lambda: at_work() == {"a", "b", "c"})
        lab.hosts["c"].end()
        wait_for(lambda: "Host c is lost" in command.said())
        lab.hosts["b"].cut()
        cut = time.monotonic()
        wait_for(lambda: "Host b is lost: it has given no sign of life" in command.said())
        assert time.monotonic() - cut < 10
        # nothing tells that host; its agent ends what computes there
        wait_for(lambda: not lab.hosts["b"].processes())
        forget()
        wait_for(lambda: at_work() == {"a"})
        lab.boot("c")
        lab.hosts["b"].mend()
        wait_for(lambda: "Host b is back" in command.said() and "Host c is back" in command.said())
        wait_for(lambda: at_work() == {"a", "b", "c"})
        (lab.shared / "enough").touch()
        assert command.wait() == 0, command.said()
    for number in range(PHOTOS):
        result = cv2.imread(str(lab.shared / "results" / f"{number}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(result, np.full((50, 60), min(number, 255), np.uint8))
    wait_for(lambda: not any(host.processes() for host in lab.hosts.values()))
