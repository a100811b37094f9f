"""A host's sign of health: one on which no worker lives for long gives up its place in the fleet.

Docker starts a worker again whenever it ends, so a host is sick only where none stays: its disk is full, its daemon is
gone, the settings or the services will not do. It then ends itself, by name, which works for one that protected itself
before its worker died; and it lowers the number of hosts that are wanted, so that a fleet in which no worker can live
shrinks instead of being replaced for ever. Where that is refused (no more hosts are wanted than there must be, but more
are there), it goes all the same. Who needs hosts asks for them: backlog a host, and the look each minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LIVES_SECONDS: Final = 360
"""From which age on a worker lives: one waits for silent services for 300 s, and then ends (worker_image.settings)."""

PATIENCE_SECONDS: Final = 900
"""Without a worker that lives. Longer than a drain or a start, so that none is cut off, and beyond the ten minutes in
which a new host must have come so far that it takes work."""

LOOK_SECONDS: Final = 60

SEEN: Final = "/run/tilework-worker-lived"
"""Changed whenever a worker lives; begins anew when the host does."""

UNIT: Final = "tilework-health"


@dataclass(frozen=True, slots=True)
class HostHealth:
    """The look at ``container`` that a host takes each minute, from files in the folder ``configuration``."""

    container: str
    region: str
    metadata_url: str
    configuration: str

    def lines(self) -> list[str]:
        """What the host's user data does for it, before anything that may fail."""
        return [
            *_file(f"{self.configuration}/health", self._script()),
            *_file(f"/etc/systemd/system/{UNIT}.service", self._service()),
            *_file(f"/etc/systemd/system/{UNIT}.timer", TIMER),
            f"systemctl enable --now {UNIT}.timer",
        ]

    def _script(self) -> list[str]:
        started = "{{if and .State.Running (not .State.Restarting)}}{{.State.StartedAt}}{{end}}"
        metadata = f"{self.metadata_url}/latest"
        return [
            "#!/bin/bash",
            "set -euo pipefail",
            f"[ -e {SEEN} ] || touch {SEEN}",
            f"started=$(timeout 20 docker inspect --format '{started}' {self.container} 2> /dev/null || true)",
            "now=$(date +%s)",
            f'if [ -n "$started" ] && [ $((now - $(date --date "$started" +%s))) -ge {LIVES_SECONDS} ]; then',
            f"  touch {SEEN}",
            "fi",
            f"if [ $((now - $(stat --format %Y {SEEN}))) -lt {PATIENCE_SECONDS} ]; then exit 0; fi",
            "echo 'No worker lives on this host: it gives up its place.'",
            f"token=$(curl --silent --fail --max-time 5 --request PUT {metadata}/api/token \\",
            "  --header 'X-aws-ec2-metadata-token-ttl-seconds: 60')",
            f"instance=$(curl --silent --fail --max-time 5 {metadata}/meta-data/instance-id \\",
            '  --header "X-aws-ec2-metadata-token: $token")',
            "leave() {",
            f"  aws autoscaling terminate-instance-in-auto-scaling-group --region {self.region} \\",
            '    --instance-id "$instance" "$1"',
            "}",
            # refused where more hosts are there than are wanted
            "leave --should-decrement-desired-capacity || leave --no-should-decrement-desired-capacity",
        ]

    def _service(self) -> list[str]:
        return [
            "[Unit]",
            "Description=Gives up this host's place in the fleet where no worker lives",
            "[Service]",
            "Type=oneshot",
            f"ExecStart=/bin/bash {self.configuration}/health",
        ]


TIMER: Final = [
    "[Timer]",
    f"OnBootSec={LOOK_SECONDS}",
    f"OnUnitActiveSec={LOOK_SECONDS}",
    "[Install]",
    "WantedBy=timers.target",
]


def _file(path: str, lines: list[str]) -> list[str]:
    return [f"cat > {path} <<'END'", *lines, "END"]
