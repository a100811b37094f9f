"""How many hosts an Auto Scaling group is to have: looked at and set by whoever wakes the fleet and sends it to sleep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import boto3
from botocore.config import Config

from tilework.aws.failures import told_as_ours
from tilework.errors import SettingsError

IDLE_SINCE = "tilework:idle-since"
"""The group's own tag that says since when it has had nothing to do, in seconds since the epoch."""

LAUNCH: Final = "Launch"
"""The process of a group that starts hosts. Who suspends it (a person, a budget that is spent, AWS after a day of failed starts)
wants none. It stays suspended through deploys and through all that scales; one command resumes it (docs/alarms.md)."""

WAIT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})
"""Where somebody waits for an answer that needs none of this."""

PATIENCE = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
"""Where nobody waits: Auto Scaling refuses whoever asks while others of the account ask much. Twelve seconds a request at most,
the pauses of up to one and two seconds among them."""


class Groups(Protocol):
    """What is needed of an Auto Scaling client."""

    def describe_auto_scaling_groups(self, **request: Any) -> Any:
        """DescribeAutoScalingGroups."""
        ...

    def set_desired_capacity(self, **request: Any) -> object:
        """SetDesiredCapacity."""
        ...

    def create_or_update_tags(self, **request: Any) -> object:
        """CreateOrUpdateTags."""
        ...

    def delete_tags(self, **request: Any) -> object:
        """DeleteTags."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A host as its group knows it: instance id, instance type, and whether it is in service, or on its way there or out."""

    instance: str
    kind: str
    in_service: bool
    leaving: bool


@dataclass(frozen=True, slots=True)
class Fleet:
    """A group as it stands: hosts ``wanted``, and the ``most`` there may be; 0 where somebody lets it start none.

    ``busy`` is how many hosts in service have protected themselves, and ``idle_since`` what was noted last (seconds since the epoch).
    ``members`` are all its hosts.
    """

    wanted: int
    most: int
    busy: int = 0
    idle_since: float | None = None
    members: tuple[Member, ...] = field(default=(), compare=False)


class FleetSize:
    """The group of this name. All methods raise ServiceError and the like where Auto Scaling does not do it."""

    def __init__(self, client: Groups, group: str) -> None:
        self._client = client
        self._group = group

    def look(self) -> Fleet:
        """The group as it stands now. Raises SettingsError where there is none of its name."""
        with told_as_ours("look at the fleet"):
            answer = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        if not answer["AutoScalingGroups"]:
            raise SettingsError(f"There is no Auto Scaling group named {self._group}.")
        (group,) = answer["AutoScalingGroups"]
        return Fleet(
            wanted=group["DesiredCapacity"],
            most=0 if _is_stopped(group) else group["MaxSize"],
            busy=sum(_is_busy(host) for host in group.get("Instances", [])),
            idle_since=_idle_since(group.get("Tags", [])),
            members=tuple(map(_member, group.get("Instances", []))),
        )

    def want(self, hosts: int) -> None:
        """Have so many hosts, from now on; those that protect themselves stay for as long as they do."""
        with told_as_ours(f"have {hosts} hosts"):
            self._client.set_desired_capacity(
                AutoScalingGroupName=self._group, DesiredCapacity=hosts, HonorCooldown=False
            )

    def note_idle(self, since: float | None) -> None:
        """Note on the group since when it is idle; None: it is not."""
        tag = {"ResourceId": self._group, "ResourceType": "auto-scaling-group", "Key": IDLE_SINCE}
        with told_as_ours("note since when the fleet is idle"):
            if since is None:
                self._client.delete_tags(Tags=[tag])
            else:
                # a host must not begin with it
                told = {"Value": f"{since:.0f}", "PropagateAtLaunch": False}
                self._client.create_or_update_tags(Tags=[{**tag, **told}])


def connect_fleet(
    region: str, group: str, endpoint_url: str | None = None, *, wait: Config = PATIENCE
) -> FleetSize:
    """Build a client of this process for the group; ``wait`` says how long it tries. Sends nothing yet."""
    session = boto3.session.Session(region_name=region)
    client: Groups = session.client("autoscaling", endpoint_url=endpoint_url, config=wait)
    return FleetSize(client, group)


def _is_stopped(group: dict[str, Any]) -> bool:
    return any(each["ProcessName"] == LAUNCH for each in group.get("SuspendedProcesses", []))


def _is_busy(host: dict[str, Any]) -> bool:
    """One that is on its way out counts no longer among the wanted, and works only on what it ends in time."""
    return bool(host.get("ProtectedFromScaleIn")) and host["LifecycleState"] == "InService"


def _member(host: dict[str, Any]) -> Member:
    state = host["LifecycleState"]
    kind = host.get("InstanceType", "")
    return Member(host["InstanceId"], kind, state == "InService", state.startswith(("Terminat", "Detach")))


def _idle_since(tags: list[dict[str, Any]]) -> float | None:
    for tag in tags:
        if tag["Key"] == IDLE_SINCE:
            try:
                return float(tag["Value"])
            except ValueError:
                # somebody else's hand: the idle time begins anew
                return None
    return None
