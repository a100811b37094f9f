"""How the container is started: as the user data of the launch template say, and what must be otherwise on this machine."""

from __future__ import annotations

import base64
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flow.running_system import boto

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = re.compile(r"^cat > (?P<path>\S+) <<'END'\n(?P<lines>.*?)\nEND$", re.DOTALL | re.MULTILINE)
SWITCHES = {"--detach", "--init", "--read-only", "--rm", "--privileged"}
"""Options of ``docker run`` that have no value."""

SYS_RESOURCE = 24
"""CAP_SYS_RESOURCE (capability.h): without it not even root may raise limits, or have itself spared by the kernel."""

NEEDS_SYS_RESOURCE = ("--oom-score-adj", "--ulimit")


@dataclass(frozen=True, slots=True)
class UserData:
    """Of the script that a host runs when it starts: the file of variables, and the options of ``docker run``."""

    environment_path: str
    environment: dict[str, str]
    options: list[tuple[str, ...]]
    image: str

    @classmethod
    def read(cls, script: str) -> UserData:
        """Read the script."""
        (told,) = [found for found in ENVIRONMENT.finditer(script) if found["path"].endswith(".env")]
        joined = script.replace("\\\n", " ")
        (run,) = [shlex.split(line) for line in joined.splitlines() if line.startswith("docker run ")]
        words = run[2:-1]
        options: list[tuple[str, ...]] = []
        while words:
            length = 1 if words[0] in SWITCHES or "=" in words[0] else 2
            options.append(tuple(words[:length]))
            words = words[length:]
        return cls(
            told["path"], dict(line.split("=", 1) for line in told["lines"].splitlines()), options, run[-1]
        )


@dataclass(frozen=True, slots=True)
class Launch:
    """What is run here: ``command`` after ``docker``, ``environment`` of the file, ``differences`` as sentences."""

    command: list[str]
    environment: dict[str, str]
    differences: list[str]


def deployed(environment: Mapping[str, str]) -> UserData:
    """The user data that the deployed launch template has, read from the embedded AWS as EC2 would hand them to a host."""
    ec2 = boto(dict(environment), "ec2")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return UserData.read(base64.b64decode(data["UserData"]).decode())


def locally(
    data: UserData, *, image: str, environment_file: Path, variables: Mapping[str, str], may_raise: bool
) -> Launch:
    """The same on this machine. ``variables`` are added; ``may_raise``: the kernel lets root raise limits."""
    differences = [
        f"the image is {image}, not {data.image}",
        f"{data.environment_path} lies in {environment_file}, and has besides: "
        + ", ".join(f"{name}={value}" for name, value in variables.items()),
    ]
    command = ["run"]
    logs: list[str] = []
    for option in data.options:
        if option[0].startswith("--log-"):
            logs.append(" ".join(option))
        elif option[0] in NEEDS_SYS_RESOURCE and not may_raise:
            differences.append(f"without {' '.join(option)}: this machine lacks CAP_SYS_RESOURCE")
        elif option == ("--env-file", data.environment_path):
            command += ["--env-file", str(environment_file)]
        else:
            command += option
    if logs:
        differences.append(f"--log-driver json-file instead of {' '.join(logs)}")
        command += ["--log-driver", "json-file"]
    return Launch([*command, image], {**data.environment, **variables}, differences)


def may_raise_limits() -> bool:
    """Whether a container of this machine's root can be given CAP_SYS_RESOURCE by whoever starts it."""
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> SYS_RESOURCE & 1)
