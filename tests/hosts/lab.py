"""A lab of several hosts on this machine: each with a network, a name, mounts, processes and an sshd of its own.

``python -m tests.hosts.lab`` installs what it takes from Debian's packages, where no service manager would start an
sshd of the machine's own. Where that does not work these tests are skipped by name, in CI (``CI`` in the environment)
never; where namespaces are not permitted they are skipped by name everywhere.

A host is a set of Linux namespaces that live as long as the process that holds them, so a host is killed by killing
that, and nothing is left of the lab when its holders are gone. A switch is one more such process, with a bridge.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PYTHON = sys.executable
TILEWORK = (PYTHON, "-m", "tilework.cli")
SECONDS = 60
"""More than anything here takes, also on a machine that is busy elsewhere."""

USER, UID = "tilework", 4242
TEMPORARY = Path("/tmp")
NETWORK = "10.99.7"
KEPT_VARIABLES = ("PATH", "LANG")


TOOLS = {"unshare": "util-linux", "ip": "iproute2", "ssh": "openssh-client", "sshd": "openssh-server"}
"""What a lab runs, and the packages it comes in."""

NAMESPACES = ("--net", "--uts", "--ipc", "--mount", "--pid", "--fork", "--kill-child")


def missing() -> str:
    """What this machine lacks for a lab and could have, or nothing."""
    lacking = [tool for tool in TOOLS if not _there(tool)]
    return (
        f"There is no {', no '.join(lacking)} here: `make test` installs them where it may."
        if lacking
        else ""
    )


def forbidden() -> str:
    """Why this machine will have no lab, or nothing."""
    if os.geteuid() != 0:
        return "Only root may make hosts of namespaces."
    trial = "ip link add to type veth peer name fro && ip link add switch type bridge && mount -t tmpfs tmpfs /mnt"
    line = ["unshare", *NAMESPACES, "--mount-proc", "sh", "-c", trial]
    made = subprocess.run(line, capture_output=True, text=True, check=False)
    return f"Namespaces are not permitted here: {made.stderr.strip()}" if made.returncode else ""


def _there(tool: str) -> bool:
    return shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is not None


def main() -> int:
    """Install what is missing; 0 however it ends, for the tests tell what they miss."""
    lacking = [package for tool, package in TOOLS.items() if not _there(tool)]
    managed = Path("/run/systemd/system").exists()
    if lacking and os.geteuid() == 0 and shutil.which("apt-get") and not managed:
        install = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(lacking)}"
        sys.stdout.write(f"Installing for the tests of several hosts: {install}\n")
        sys.stdout.flush()
        subprocess.run(
            ["sh", "-c", install], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False
        )
    return 0


class Namespaces:
    """Namespaces, and the process that holds them."""

    def __init__(self) -> None:
        holder = ("sh", "-c", "echo ready; sleep infinity & wait")
        self._unshare = subprocess.Popen(
            # so that nothing is left of a lab whose test run was killed
            ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--mount-proc", *holder],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self._unshare.stdout is not None
        assert self._unshare.stdout.readline() == b"ready\n"
        (first,) = psutil.Process(self._unshare.pid).children()
        self.pid = first.pid

    def command(self, *command: str) -> list[str]:
        """The command line that runs ``command`` in here, as root."""
        return ["nsenter", "-t", str(self.pid), "-a", "--", *command]

    def do(self, script: str) -> None:
        subprocess.run(self.command("sh", "-ec", script), check=True)

    def wire(self, script: str) -> None:
        """Run a script in this network, which sees all processes and so other networks as well."""
        subprocess.run(["nsenter", "-t", str(self.pid), "-n", "sh", "-ec", script], check=True)

    def end(self) -> None:
        """Kill every process in here; the kernel closes what they had open."""
        self._unshare.kill()
        self._unshare.wait()
        assert self._unshare.stdout is not None
        self._unshare.stdout.close()


class Host(Namespaces):
    """One host of a lab, with ``cable`` to its switch."""

    def __init__(self, lab: Lab, name: str, number: int) -> None:
        super().__init__()
        self.name, self.address = name, f"{NETWORK}.{number}"
        self._number = number
        self._lab = lab
        self.home = lab.folder / "homes" / name
        try:
            self._join()
        except BaseException:
            self.end()
            raise

    def _join(self) -> None:
        lab, name, number = self._lab, self.name, self._number
        lab.switch.wire(
            f"ip link delete to-{name} 2>/dev/null || true; ip link add to-{name} type veth peer name eth0 address 02:00:00:00:00:{number:02} netns {self.pid}; "
            f"ip link set to-{name} master switch up"
        )
        self.do(self._script())

    def _script(self) -> str:
        folder, home = self._lab.folder, self.home
        return f"""
            ip link set lo up; ip addr add {self.address}/24 dev eth0; ip link set eth0 up
            hostname {self.name}
            mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs tmpfs /run; mkdir /run/sshd
            mount --bind {folder}/passwd-{self.name} /etc/passwd; mount --bind {folder}/hosts /etc/hosts
            if mkdir -p {folder}/homes && mkdir {home} 2>/dev/null; then
                mkdir {home}/.ssh; cp {folder}/known_hosts {folder}/id_ed25519 {home}/.ssh/
                cp {folder}/id_ed25519.pub {home}/.ssh/authorized_keys
                printf 'Host gamma\\n  HostName c\\n' > {home}/.ssh/config
            fi
            {_way_in(ROOT, Path(sys.prefix), Path(sys.base_prefix))}
            chown -R {UID}:{UID} {home}; chmod 700 {home}/.ssh
            /usr/sbin/sshd -f /dev/null -h {folder}/host-{self.name} -o UsePAM=no -o PasswordAuthentication=no \
                -o PidFile=none -o StrictModes=yes -E {folder}/sshd-{self.name}.log
        """

    def cut(self) -> None:
        """Take the cable out."""
        self._lab.switch.do(f"ip link set to-{self.name} down")

    def mend(self) -> None:
        """Put the cable in again."""
        self._lab.switch.do(f"ip link set to-{self.name} up")

    def processes(self) -> list[str]:
        """The command lines of the processes of the lab's user in here."""
        listed = subprocess.run(
            self.command("ps", "-u", str(UID), "-o", "args="), capture_output=True, text=True, check=False
        )
        return [
            line for line in listed.stdout.splitlines() if "<defunct>" not in line and "sshd:" not in line
        ]

    def find(self, *ends: str) -> psutil.Process:
        """The one process of the lab's user in here that has for each of ``ends`` a word ending so; a rank's last is its number."""
        (found,) = [process for process in psutil.process_iter() if self._has(process, ends)]
        return found

    def _has(self, process: psutil.Process, ends: Sequence[str]) -> bool:
        here, there = (Path(f"/proc/{pid}/ns/pid") for pid in (self.pid, process.pid))
        try:
            if process.uids().real != UID or there.readlink() != here.readlink():
                return False
            words = [*process.cmdline(), f"rank {process.environ().get('PMIX_RANK')}"]
        except (psutil.NoSuchProcess, FileNotFoundError):
            # it has ended meanwhile
            return False
        return all(any(word.endswith(end) for word in words) for end in ends)

    def as_user(self, *command: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs ``command`` as a user of this host."""
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        variables = kept | {"HOME": str(self.home), "PYTHONPATH": str(ROOT)} | dict(environment or {})
        pairs = [f"{name}={value}" for name, value in variables.items()]
        user = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups")
        return self.command(*user, "env", "-i", f"--chdir={self._lab.shared}", *pairs, *command)


def _way_in(*paths: Path) -> str:
    """Script that gives a host a /tmp of its own, and lets every user reach a checkout, or the Python that runs it.

    They may lie in somebody's home, or in the /tmp that is covered.
    """
    wanted = {
        path: hidden[-1]
        for path in paths
        if (hidden := [each for each in path.parents if each == TEMPORARY or _closed(each)])
    }
    for path in list(wanted):
        if any(other in path.parents for other in wanted):
            del wanted[path]
    places = {path: f"/run/way-{number}" for number, path in enumerate(wanted)}
    return "\n".join(
        [
            *(f"mkdir {place}; mount --bind {path} {place}" for path, place in places.items()),
            f"mount -t tmpfs tmpfs {TEMPORARY}",
            *(f"mount -t tmpfs -o mode=755 tmpfs {closed}" for closed in {*wanted.values()} - {TEMPORARY}),
            *(f"mkdir -p {path}; mount --move {place} {path}" for path, place in places.items()),
        ]
    )


def _closed(folder: Path) -> bool:
    return not folder.stat().st_mode & 0o001


def give(path: Path) -> None:
    """Let the lab's user have it."""
    os.chown(path, UID, UID)


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


class Command:
    """A program that runs on a host of the lab."""

    def __init__(self, line: Sequence[str], path: Path) -> None:
        self._files = [path.with_suffix(suffix) for suffix in (".output", ".errors")]
        output, errors = (path.open("wb") for path in self._files)
        with output, errors:
            self._nsenter = subprocess.Popen(line, stdout=output, stderr=errors, stdin=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._nsenter.poll() is None:
            for program in psutil.Process(self._nsenter.pid).children():
                program.kill()
        self.wait()

    def output(self) -> str:
        return self._files[0].read_text()

    def said(self) -> str:
        return self._files[1].read_text()

    def signal(self, number: signal.Signals) -> None:
        (program,) = psutil.Process(self._nsenter.pid).children()
        program.send_signal(number)

    def wait(self) -> int:
        return self._nsenter.wait(SECONDS)


class Lab:
    """``names`` of hosts that see one folder, ``shared``; host keys are known, no user's key is authorized yet."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="tilework-lab-", dir="/var/tmp"))
            self.folder = Path(place)
            self.folder.chmod(0o755)
            self.shared = self.folder / "shared"
            self.shared.mkdir()
            os.chown(self.shared, UID, UID)
            self._write_files()
            self.switch = Namespaces()
            stack.callback(self.switch.end)
            self.switch.do("ip link add switch type bridge; ip link set switch up")
            self.hosts: dict[str, Host] = {}
            stack.callback(lambda: [host.end() for host in self.hosts.values()])
            for number, name in enumerate(self._names, 1):
                self.boot(name, number)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def boot(self, name: str, number: int = 0) -> Host:
        """Start a host, or one that was ended again."""
        number = number or list(self.hosts).index(name) + 1
        self.hosts[name] = host = Host(self, name, number)
        return host

    # --- what is run on the first host -------------------------------------------------------------------------------

    @property
    def first(self) -> Host:
        return self.hosts[self._names[0]]

    def run(self, *command: str, as_root: bool = False) -> subprocess.CompletedProcess[str]:
        line = (
            self.first.command("env", f"PYTHONPATH={ROOT}", *command)
            if as_root
            else self.first.as_user(*command)
        )
        return subprocess.run(
            line,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def tilework(self, *arguments: str, as_root: bool = False) -> subprocess.CompletedProcess[str]:
        return self.run(*TILEWORK, *arguments, as_root=as_root)

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, name: str = "command"
    ) -> Command:
        return self.start_program(*TILEWORK, *arguments, environment=environment, name=name)

    def start_program(
        self, *command: str, environment: Mapping[str, str] | None = None, name: str = "program"
    ) -> Command:
        return Command(self.first.as_user(*command, environment=environment), self.folder / name)

    def _write_files(self) -> None:
        passwd = Path("/etc/passwd").read_text()
        for name in self._names:
            user = f"{USER}:x:{UID}:{UID}::{self.folder}/homes/{name}:/bin/sh\n"
            (self.folder / f"passwd-{name}").write_text(passwd + user)
        numbered = list(enumerate(self._names, 1))
        names = "".join(f"{NETWORK}.{number} {name}\n" for number, name in numbered)
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost\n{names}")
        known = []
        make_key(self.folder / "id_ed25519")
        for name in self._names:
            key = self.folder / f"host-{name}"
            make_key(key)
            known.append(
                f"{name},{NETWORK}.{1 + self._names.index(name)} {key.with_suffix('.pub').read_text()}"
            )
        (self.folder / "known_hosts").write_text("".join(known))


if __name__ == "__main__":
    sys.exit(main())
