"""How the container is started: as the user data of the launch template do it, and what must be otherwise on this machine."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flow.running_system import boto
from tests.stacks.host_namespace import Host

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCHES = {"--detach", "--init", "--read-only", "--rm", "--privileged"}
"""Options of ``docker run`` that have no value."""

SYS_RESOURCE = 24
"""CAP_SYS_RESOURCE (capability.h): without it not even root may raise limits, or have itself spared by the kernel."""

NEEDS_SYS_RESOURCE = (("--oom-score-adj", "-"), ("--ulimit", "nice="))
"""Options, and how their values begin that take it."""


@dataclass(frozen=True, slots=True)
class UserData:
    """What a host's first script comes to: the options that it gives to ``docker run``, and the variables in that file."""

    environment: dict[str, str]
    options: list[tuple[str, ...]]
    image: str

    @classmethod
    def run(cls, script: str, folder: Path) -> UserData:
        """Run the script as it stands on an empty host, with stand-ins for the cloud's commands and for Docker."""
        folder.mkdir()
        host = Host(folder)
        told = host.run(script, "cat /etc/tilework/worker.env")
        assert told.returncode == 0, told.stderr
        (run,) = host.calls("docker run")
        words = run[2:-1]
        options: list[tuple[str, ...]] = []
        while words:
            length = 1 if words[0] in SWITCHES or "=" in words[0] else 2
            options.append(tuple(words[:length]))
            words = words[length:]
        environment = dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)
        return cls(environment, options, run[-1])


@dataclass(frozen=True, slots=True)
class Launch:
    """What is run here: ``command`` after ``docker``, ``environment`` of the file, ``differences`` as sentences."""

    command: list[str]
    environment: dict[str, str]
    differences: list[str]


def deployed(environment: Mapping[str, str]) -> str:
    """The user data that the deployed launch template has, read from the embedded AWS as EC2 would hand them to a host."""
    ec2 = boto(dict(environment), "ec2")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return base64.b64decode(data["UserData"]).decode()


def locally(
    data: UserData, *, image: str, folder: Path, variables: Mapping[str, str], may_raise: bool
) -> Launch:
    """The same on this machine, with all that a host has on its disk in ``folder``.

    ``variables`` are added; ``may_raise``: the kernel lets root raise limits.
    """
    added = ", ".join(f"{name}={value}" for name, value in variables.items())
    differences = [f"the image is {image}, not {data.image}", f"the variables have besides: {added}"]
    command = ["run"]
    logs: list[str] = []
    for option in data.options:
        name, value = option[0], option[-1]
        if name.startswith("--log-"):
            logs.append(" ".join(option))
        elif not may_raise and any(
            name == other and value.startswith(start) for other, start in NEEDS_SYS_RESOURCE
        ):
            differences.append(f"without {' '.join(option)}: this machine lacks CAP_SYS_RESOURCE")
        elif name in {"--volume", "--env-file"}:
            path, _, rest = value.partition(":")
            place = folder / Path(path).name
            differences.append(f"{path} is {place}")
            command += [name, ":".join(filter(None, (str(place), rest)))]
        else:
            command += option
    differences.append(f"--log-driver json-file instead of {' '.join(logs)}")
    command += ["--log-driver", "json-file"]
    return Launch([*command, image], {**data.environment, **variables}, differences)


def lay_out(launch: Launch, folder: Path) -> None:
    """Make in ``folder`` what the user data make on a host's disk."""
    (folder / "worker.env").write_text(
        "".join(f"{name}={value}\n" for name, value in launch.environment.items())
    )
    scratch = folder / "scratch"
    scratch.mkdir()
    # as on a host: the container's user has no name outside of it
    scratch.chmod(0o777)


def may_raise_limits() -> bool:
    """Whether a container of this machine's root can be given CAP_SYS_RESOURCE by whoever starts it."""
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> SYS_RESOURCE & 1)
