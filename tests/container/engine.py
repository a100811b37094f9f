"""A Docker daemon of a run's own, which leaves nothing: no bridge, no firewall rules, one folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from types import TracebackType

PACKAGES = {"docker": "docker.io", "dockerd": "docker.io", "debootstrap": "debootstrap"}
"""What is run, and Debian's packages that it comes in."""

READY_SECONDS, STOP_SECONDS = 60, 60


class CannotError(Exception):
    """This machine cannot do it; the sentence says why."""


def get_ready(tools: tuple[str, ...]) -> str:
    """Install what misses of ``tools``, where that may be done. The command that did it, or nothing. Raises CannotError."""
    if os.geteuid() != 0:
        raise CannotError("Only root may start a Docker daemon. As root: make container")
    lacking = sorted({PACKAGES[tool] for tool in tools if shutil.which(tool) is None})
    if not lacking:
        return ""
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(lacking)}"
    if shutil.which("apt-get") is None:
        raise CannotError(f"There is no {', no '.join(lacking)} here, and no apt-get to install it with.")
    if Path("/run/systemd/system").exists():
        # a service manager would start the package's own daemon, and make it start at every boot
        raise CannotError(f"There is no {', no '.join(lacking)} here. Install it yourself: {command}")
    print(f"Installing from Debian: {command}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["sh", "-c", command], env=quiet, capture_output=True, text=True, check=False)
    if done.returncode or any(shutil.which(tool) is None for tool in tools):
        raise CannotError(f"Installing failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return command


class Engine:
    """The daemon, and Docker's command line for it; all its data are below ``folder``, and go with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "dockerd.log"
        self._address = f"unix://{folder}/docker.sock"
        self._daemon: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._daemon = subprocess.Popen(
                [
                    "dockerd", "--host", self._address, "--pidfile", str(self.folder / "pid"),
                    "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec"),
                    # builds and containers share the machine's network, so no bridge and no rules are needed
                    "--bridge", "none", "--iptables=false",
                    # where the machine has a containerd, its own containers stay apart
                    "--containerd-namespace", "tilework", "--containerd-plugins-namespace", "tilework-plugins",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while self.try_out("info").returncode:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise CannotError(f"The Docker daemon does not start here:\n{self.log()[-1500:]}")
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # one of an interrupted build may be on its way out already
            for container in self.try_out("ps", "--all", "--quiet").stdout.split():
                self.try_out("rm", "--force", "--volumes", container)
        finally:
            self._end()

    def _end(self) -> None:
        below = (
            psutil.Process(self._daemon.pid).children(recursive=True) if self._daemon.poll() is None else []
        )
        self._daemon.send_signal(signal.SIGTERM)
        try:
            self._daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
        for process in psutil.wait_procs(below, timeout=10)[1]:
            process.kill()
        for mount in reversed(mounts_below(self.folder)):
            subprocess.run(["umount", "--lazy", mount], check=False)

    def log(self) -> str:
        """What the daemon has said."""
        return self._log.read_text(errors="replace")

    @property
    def environment(self) -> dict[str, str]:
        """Of Docker's command line, which shall find this daemon and no settings of whoever runs this."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "BUILDKIT_"))
        }
        # Debian's package has no BuildKit; the older builder of the daemon itself is everywhere
        return {
            **kept,
            "DOCKER_HOST": self._address,
            "DOCKER_BUILDKIT": "0",
            "DOCKER_CONFIG": str(self.folder),
        }

    def try_out(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``docker`` with ``words``, whatever its exit status may be."""
        line = ["docker", *words]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True, check=False)

    def run(self, *words: str) -> str:
        """Run ``docker`` with ``words``; what it prints. Fails with what it says."""
        done = self.try_out(*words)
        assert done.returncode == 0, f"docker {' '.join(words)}\n{(done.stdout + done.stderr)[-3000:]}"
        return done.stdout.strip()

    def feed(self, source: subprocess.Popen[bytes], *words: str) -> str:
        """Run ``docker`` with ``words`` on what ``source`` prints."""
        assert source.stdout is not None
        line = ["docker", *words]
        done = subprocess.run(
            line, env=self.environment, stdin=source.stdout, capture_output=True, text=True, check=False
        )
        source.stdout.close()
        assert source.wait() == 0, source.args
        assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
        return done.stdout.strip()

    def stream(self, *words: str) -> subprocess.Popen[bytes]:
        """Start ``docker`` with ``words``, whose output is read from its stdout."""
        return subprocess.Popen(["docker", *words], env=self.environment, stdout=subprocess.PIPE)


def output_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """What a process that was started so prints."""
    assert process.stdout is not None
    return process.stdout


def mounts_below(folder: Path) -> list[str]:
    """Where something is mounted in ``folder``, in the order of mounting."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]
