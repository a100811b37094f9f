"""A worker host's first minutes in mounts of its own: its user data as it stands, with stand-ins for the cloud's commands and for waiting."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.stacks.reading import only, text

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
"""Mounts that nobody else sees, and that are gone with the process; of anybody where the kernel lets them."""

OWN = ("/etc", "/run", "/var/lib")
"""Where a host writes; empty here at first."""

STAND_IN = """\
#!/bin/bash
# stands in for {name}: notes how it was called and what it was sent, and answers as the test says
call=$(printf '\\x1f%s' "$@")
# in one write: two of a pipe note at the same time
echo "{name}$call" >> '{folder}/calls'
case " $* " in *--password-stdin*) cat > '{folder}/password';; esac
shopt -s nullglob
for failing in '{folder}'/failing/*; do
  if [[ "{name} $*" == $(cat "$failing")* ]]; then exit 1; fi
done
case "{name} $*" in
  "aws ecr get-login-password"*) echo a-password;;
  "dnf install"*docker) mv '{folder}/packages/docker' '{folder}/bin/docker';;
  "docker inspect"*) cat '{folder}/started' 2> /dev/null || exit 1;;
esac
"""

COMMANDS = ("dnf", "systemctl", "docker", "aws", "sleep")

SYSTEM = (
    *("bash", "cat", "curl", "date", "install", "mkdir", "mount", "mv"),
    *("printf", "rm", "stat", "timeout", "touch"),
)
"""All else that there is: Amazon Linux has these, and this machine what else it may have."""

REAL = {
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::Partition": "aws",
}


def user_data_of(template: dict[str, Any]) -> str:
    """The launch template's script, with each reference resolved to something of its kind."""
    script = text(only(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"])
    return re.sub(r"<((?:AWS::)?\w+)>", lambda match: REAL.get(match[1], match[1].lower()), script)


@dataclass
class Host:
    """``folder`` holds the stand-ins and what they noted. Without ``has_docker`` only a package brings that."""

    folder: Path
    has_docker: bool = True

    def __post_init__(self) -> None:
        for name in ("bin", "failing", "packages", "system"):
            (self.folder / name).mkdir()
        for name in SYSTEM:
            (self.folder / "system" / name).symlink_to(shutil.which(name) or name)
        for name in COMMANDS:
            path = self.folder / "bin" / name
            path.write_text(STAND_IN.format(name=name, folder=self.folder))
            path.chmod(0o755)

    def fails_at(self, command: str) -> None:
        """Let every call that begins so fail."""
        (self.folder / "failing" / str(len(list((self.folder / "failing").iterdir())))).write_text(command)

    def run(self, *scripts: str) -> subprocess.CompletedProcess[str]:
        """Run ``scripts`` one after the other on one host, which is empty before; the first that fails ends it."""
        mounts = [f"mount -t tmpfs tmpfs {place}" for place in OWN]
        if not self.has_docker:
            (self.folder / "bin" / "docker").rename(self.folder / "packages" / "docker")
        parts = [self.folder / f"script-{number}" for number in range(len(scripts))]
        for part, script in zip(parts, scripts, strict=True):
            part.write_text(script)
        path = f"export PATH='{self.folder / 'bin'}:{self.folder / 'system'}'"
        steps = [path, *mounts, "mkdir -p /etc/systemd/system", *(f"bash {part}" for part in parts)]
        return subprocess.run(
            [*PRIVATE, "bash", "-c", " && ".join(steps)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def calls(self, command: str = "") -> list[list[str]]:
        """The calls of the stand-ins that begin so, in order, each with its arguments."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        calls = [line.split("\x1f") for line in lines]
        return [call for call in calls if " ".join(call).startswith(command)]
