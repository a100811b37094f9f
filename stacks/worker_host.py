"""What a worker host does when it starts: its user data, as one script."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STOP_SECONDS = 110
"""Below the two minutes that a spot reclaim leaves; what is still running then is worked again elsewhere."""

CONTAINER = "tilework-worker"

_RUN = f"""
docker run --detach --name {CONTAINER} --restart always --init --stop-timeout {STOP_SECONDS} \\
  --network host --read-only --tmpfs /tmp --shm-size 1g --pids-limit 4096 --ulimit nice=20 \\
  --cap-drop ALL --security-opt no-new-privileges \\
  --env-file /etc/tilework/worker.env"""


@dataclass(frozen=True, slots=True)
class WorkerHost:
    """What the script needs to know. ``registry`` is None where the image can be pulled without signing in."""

    image_uri: str
    registry: str | None
    region: str
    log_group: str
    environment: Mapping[str, str]

    def script(self) -> str:
        """The host's user data.

        The container shares the host's network, so that the metadata service answers it at one hop and nobody
        farther; it cannot write to its own root, holds no capability, and comes back whenever it ends. Its ranks may
        take back that they yield (``ulimit``), down to the usual niceness of 0 and no lower.
        """
        lines = [
            "#!/bin/bash",
            "set -euo pipefail",
            "dnf install --quiet --assumeyes docker",
            "systemctl enable --now docker",
            "install --directory --mode 0700 /etc/tilework",
            "cat > /etc/tilework/worker.env <<'END'",
            *(f"{name}={value}" for name, value in sorted(self.environment.items())),
            "END",
            *self._sign_in(),
            f"{_RUN.lstrip()} \\",
            f"  --log-driver awslogs --log-opt awslogs-region={self.region} \\",
            # lines in the embedded metric format become metrics, all others stay what they are
            f"  --log-opt awslogs-group={self.log_group} --log-opt awslogs-format=json/emf \\",
            "  --log-opt mode=non-blocking \\",
            f"  {shlex.quote(self.image_uri)}",
        ]
        return "\n".join(lines) + "\n"

    def _sign_in(self) -> list[str]:
        if self.registry is None:
            return []
        return [
            f"aws ecr get-login-password --region {self.region} \\",
            f"  | docker login --username AWS --password-stdin {self.registry}",
        ]
