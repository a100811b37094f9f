"""A host as a member of its Auto Scaling group: let in once it works, protected while it does, let go when it has drained."""

from __future__ import annotations

from typing import Any, Protocol

import boto3
from botocore.config import Config

from tilework.aws.failures import told_as_ours

WAIT = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
"""A host that leaves has no time for more; nothing depends on these calls but how soon."""


class AutoScaling(Protocol):
    """What is needed of an Auto Scaling client."""

    def set_instance_protection(self, **request: Any) -> object:
        """SetInstanceProtection."""
        ...

    def record_lifecycle_action_heartbeat(self, **request: Any) -> object:
        """RecordLifecycleActionHeartbeat."""
        ...

    def complete_lifecycle_action(self, **request: Any) -> object:
        """CompleteLifecycleAction."""
        ...


class FleetGroup:
    """``instance`` in ``group``, whose entrance waits for the lifecycle hook ``entrance``, its termination for ``hook``.

    All methods raise ServiceError and the like where Auto Scaling does not do it.
    """

    def __init__(self, client: AutoScaling, *, group: str, entrance: str, hook: str, instance: str) -> None:
        self._client = client
        self._group = group
        self._entrance = entrance
        self._hook = hook
        self._instance = instance

    def enter(self) -> None:
        """The host takes work, and is in service from now on; refused where nothing waits for that, or not yet."""
        with told_as_ours("say that this host takes work"):
            self._client.complete_lifecycle_action(
                **self._action(self._entrance), LifecycleActionResult="CONTINUE"
            )

    def protect(self, protected: bool) -> None:
        """Keep the host from being chosen when the group shrinks, or no longer."""
        with told_as_ours("change the protection of this host"):
            self._client.set_instance_protection(
                AutoScalingGroupName=self._group, InstanceIds=[self._instance], ProtectedFromScaleIn=protected
            )

    def keep(self) -> None:
        """The host still drains: the hook's time begins anew."""
        with told_as_ours("say that this host still drains"):
            self._client.record_lifecycle_action_heartbeat(**self._action(self._hook))

    def let_go(self) -> None:
        """The host has drained, and may be terminated now."""
        with told_as_ours("say that this host has drained"):
            self._client.complete_lifecycle_action(
                **self._action(self._hook), LifecycleActionResult="CONTINUE"
            )

    def _action(self, hook: str) -> dict[str, str]:
        names = {"AutoScalingGroupName": self._group, "LifecycleHookName": hook}
        return names | {"InstanceId": self._instance}


def connect_group(region: str, *, group: str, entrance: str, hook: str, instance: str) -> FleetGroup:
    """Build the client of this process for its host's group.

    An EC2 host speaks to AWS itself; where something stands in for it, AWS_ENDPOINT_URL_AUTO_SCALING tells boto3.
    """
    client: AutoScaling = boto3.session.Session(region_name=region).client("autoscaling", config=WAIT)
    return FleetGroup(client, group=group, entrance=entrance, hook=hook, instance=instance)
