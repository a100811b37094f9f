"""What a worker host does when it starts: its user data, as one script."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stacks.host_health import HostHealth

if TYPE_CHECKING:
    from collections.abc import Mapping

STOP_SECONDS: Final = 110
"""Beyond the 100 s after which a supervisor is gone in any case, below the two minutes that a spot reclaim leaves."""

OOM_SCORE: Final = -500
"""Of the supervisor and its mpiexec, so that the kernel takes them last; ranks give themselves 500, their children 1000."""

CONTAINER: Final = "tilework-worker"

USER: Final = 10001
"""Of the image (worker_image/Dockerfile); told to Docker as well, so that another image does not run as root."""

SYSTEM_MIB: Final = 640
"""Of the host's memory for all but the container: kernel, Docker, the agents. A container that wants more than the rest
loses a rank to the kernel; without a limit Docker or the system could be taken."""

CONFIGURATION: Final = "/etc/tilework"

DISK: Final = "/var/lib/tilework/scratch"
"""On the host's disk: a JPEG or WebP beyond memory is decoded there while it is rewritten."""

SCRATCH: Final = "/tmp/tilework-world"  # noqa: S108 - in the container, which has its own
"""The same in the container: TILEWORK_DIRECTORY."""

WORLD: Final = f"{SCRATCH}/world"
"""What ranks share with each other, in memory: on the disk the kernel would write it out again and again."""

RUN: Final = (
    f"--detach --name {CONTAINER} --restart always --init --stop-timeout {STOP_SECONDS}",
    f"--user {USER} --cap-drop ALL --security-opt no-new-privileges --read-only --network host",
    f"--tmpfs /tmp:mode=1777 --volume {DISK}:{SCRATCH} --tmpfs {WORLD}:uid={USER},mode=0700 --shm-size 1g",
    f'--memory "${{memory}}m" --memory-swap "${{memory}}m" --pids-limit 4096 --oom-score-adj {OOM_SCORE}',
    "--ulimit nice=20 --ulimit core=0",
    f"--env-file {CONFIGURATION}/worker.env",
)
"""How Docker is asked for the container."""

TRIES: Final = """\
# a new host meets services that are busy with others like it, for half a minute if need be
try() {
  for pause in 1 2 4 8 16 0; do
    "$@" && return
    sleep "$pause"
  done
  return 1
}"""


@dataclass(frozen=True, slots=True)
class WorkerHost:
    """What the script needs to know. ``registry`` is None where the image can be pulled without signing in."""

    image_uri: str
    registry: str | None
    region: str
    log_group: str
    metadata_url: str
    environment: Mapping[str, str]

    def script(self) -> str:
        """The host's user data; it ends at the first command that fails, and the host is replaced.

        The container shares the host's network, so that the metadata service answers it at one hop and nobody
        farther; it cannot write to its own root, holds no capability, and comes back whenever it ends. Its ranks may
        take back that they yield (``ulimit``), down to the usual niceness of 0 and no lower.
        """
        health = HostHealth(CONTAINER, self.region, self.metadata_url, CONFIGURATION)
        lines = [
            "#!/bin/bash",
            "set -euo pipefail",
            TRIES,
            f"install --directory --mode 0700 {CONFIGURATION} {DISK.rpartition('/')[0]}",
            # the container's user has no name here; nobody but root gets as far as this folder
            f"install --directory --mode 0777 {DISK}",
            *health.lines(),
            f"install --mode 0600 /dev/null {CONFIGURATION}/worker.env",
            f"cat > {CONFIGURATION}/worker.env <<'END'",
            *(f"{name}={value}" for name, value in sorted(self._told().items())),
            "END",
            "command -v docker > /dev/null || try dnf install --quiet --assumeyes docker",
            "systemctl enable --now docker",
            *self._sign_in(),
            f"try docker pull --quiet {shlex.quote(self.image_uri)}",
            # the first line tells all of it, in KiB
            "read -r _ total _ < /proc/meminfo",
            f"memory=$((total / 1024 - {SYSTEM_MIB}))",
            "docker run \\",
            *(f"  {options} \\" for options in RUN),
            f"  --log-driver awslogs --log-opt awslogs-region={self.region} \\",
            # lines in the embedded metric format become metrics, all others stay what they are
            f"  --log-opt awslogs-group={self.log_group} --log-opt awslogs-format=json/emf \\",
            "  --log-opt mode=non-blocking \\",
            f"  {shlex.quote(self.image_uri)}",
        ]
        return "\n".join(lines) + "\n"

    def _told(self) -> Mapping[str, str]:
        return {**self.environment, "TILEWORK_DIRECTORY": SCRATCH}

    def _sign_in(self) -> list[str]:
        if self.registry is None:
            return []
        return [
            "sign_in() {",
            f"  aws ecr get-login-password --region {self.region} \\",
            f"    | docker login --username AWS --password-stdin {self.registry}",
            "}",
            "try sign_in",
        ]
