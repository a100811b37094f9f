"""What a world over several hosts says and reads, without any host: tests/hosts has those."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tilework.boottime import boottime
from tilework.errors import SettingsError
from tilework.world.doorbell import ECHO_PULSE_SECONDS, PULSE_SECONDS, NetworkDoorbell
from tilework.world.flags import spread_flags
from tilework.world.spread import launcher_shell
from tilework.world.spread.bulletin import Poke, fresh_bulletin, read_bulletin, write_bulletin
from tilework.world.spread.crew import Crew
from tilework.world.spread.hosts import QUIET_SECONDS, RETRY_SECONDS, _Place
from tilework.world.spread.launch import _Shell
from tilework.world.spread.networks import network_of
from tilework.world.spread.shares import HostShare, parse_hosts
from tilework.world.spread.ssh import agent_command, authorized_line, key_of, ssh_command


def test_hosts_are_names_with_commas_between_and_ranks_where_said() -> None:
    assert parse_hosts("a, b:4,10.0.0.3", 2) == (
        HostShare("a", 2),
        HostShare("b", 4),
        HostShare("10.0.0.3", 2),
    )


@pytest.mark.parametrize(
    "text", ["", "a,", "a b", "a:0", "a:x", "-oProxyCommand=id", "a;id", "user@a", "a,a:2"]
)
def test_what_names_no_hosts_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_hosts(text, 1)


def test_a_host_that_comes_and_goes_is_tried_ever_more_rarely_but_never_given_up() -> None:
    place = _Place(HostShare("b", 1), accepted_at=time.monotonic())
    assert place.pause(lost=False) == RETRY_SECONDS
    pauses = [place.pause(lost=True) for _ in range(12)]
    assert pauses[:3] == [RETRY_SECONDS, 2 * RETRY_SECONDS, 4 * RETRY_SECONDS]
    assert max(pauses) == QUIET_SECONDS
    place.accepted_at = time.monotonic() - QUIET_SECONDS - 1
    assert place.pause(lost=True) == RETRY_SECONDS


def test_ssh_asks_nothing_believes_no_stranger_and_uses_no_other_key() -> None:
    command = ssh_command("b", Path("/k"))
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "ForwardAgent=no"):
        assert command[command.index(option) - 1] == "-o"
    assert command[command.index("-i") + 1] == "/k"
    assert command[-2:] == ["b", agent_command()]


def test_the_line_that_lets_the_key_in_allows_one_command() -> None:
    line = authorized_line("ssh-ed25519 AAAA tilework\n")
    found = re.fullmatch(r'restrict,command="((?:[^"\\]|\\.)*)" ssh-ed25519 AAAA tilework', line)
    assert found
    assert found[1].replace('\\"', '"').replace("\\\\", "\\") == agent_command()
    assert sys.executable in shlex.split(found[1])


def test_the_key_is_one_of_this_purpose_s_own_unless_the_environment_says_otherwise() -> None:
    assert key_of({}).name == "tilework_ed25519"
    assert key_of({"TILEWORK_HOSTS_KEY": "/k"}) == Path("/k")


def test_mpi_finds_its_ways_in_the_networks_that_are_named_and_nowhere_else() -> None:
    flags = spread_flags(
        "mpiexec", "python", ranks=4, host_file=Path("/h"), networks="10.0.0.0/24", agent="shell x"
    )
    for name in ("prte_if_include", "btl_tcp_if_include"):
        assert flags[flags.index(name) + 1] == "10.0.0.0/24"
    assert flags[flags.index("-n") + 1] == "5"
    assert "--allow-run-as-root" not in flags


def test_a_host_knows_the_network_of_its_own_address_and_of_no_other() -> None:
    assert network_of("127.0.0.1") == "127.0.0.0/8"
    assert network_of("192.0.2.1") == ""


def test_a_bell_is_heard_over_a_network_and_followed_by_close_looks() -> None:
    first, second = NetworkDoorbell("127.0.0.1"), NetworkDoorbell("127.0.0.1")
    try:
        for bell in (first, second):
            bell.learn([first.address, second.address])
        assert second.pulse == PULSE_SECONDS
        first.ring(1)
        second._socket.setblocking(True)
        assert second._socket.recv(1, socket.MSG_PEEK) == b"!"
        second._socket.setblocking(False)
        second.silence()
        assert second.pulse == ECHO_PULSE_SECONDS
        assert first.pulse == PULSE_SECONDS
    finally:
        first.close()
        second.close()


def test_a_bulletin_is_fresh_only_if_it_was_asked_for_after_the_question(tmp_path: Path) -> None:
    poke = Poke(tmp_path)
    write_bulletin(tmp_path, boottime(), b"old")

    def answer() -> None:
        while not poke.heard():
            pass
        write_bulletin(tmp_path, boottime(), b"new")

    agent = threading.Thread(target=answer)
    agent.start()
    found = fresh_bulletin(tmp_path)
    agent.join()
    poke.close()
    assert found is not None
    assert found[1] == b"new"
    assert read_bulletin(tmp_path) == found


def test_where_nobody_answers_there_is_no_bulletin(tmp_path: Path) -> None:
    write_bulletin(tmp_path, boottime(), b"old")
    assert fresh_bulletin(tmp_path, patience=0.05) is None


def test_whoever_knocks_where_open_mpi_does_and_says_nothing_or_nonsense_keeps_it_from_nothing() -> None:
    crew = Crew("here", 1, [])
    shell = _Shell(crew)
    try:
        for words in (b"", b"nonsense", b"1", b"[1]"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as knocking:
                knocking.connect(f"\0{shell.name}")
                if words:
                    knocking.send(words)
        asked = subprocess.run(
            [sys.executable, launcher_shell.__file__, shell.name, "nobody", "true"], timeout=30, check=False
        )
    finally:
        shell.close()
        crew.bury()
    assert asked.returncode == 1
