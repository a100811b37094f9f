"""Services that fail for some seconds, for one host or for all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from tests.faults.fault_proxy import Cut, Delay, Fault, Refuse, Truncate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.hosts import Host
    from tests.faults.fault_proxy import Asked

Maker: TypeAlias = "Callable[[Random], Fault]"

SERVICES = {"s3": "S3", "sqs": "SQS", "dynamodb": "DynamoDB"}

ANYWHERE: dict[str, Maker] = {
    "cuts connections before": lambda random: Cut(),
    "cuts connections after": lambda random: Cut(done=True),
    "truncates bodies": lambda random: Truncate(random.random()),
    "is slow": lambda random: Delay(random.uniform(0.2, 3.0)),
}
"""What may befall each service."""

OWN: dict[str, dict[str, Maker]] = {
    "s3": {
        "answers 500": lambda random: Refuse(500, "InternalError"),
        "says SlowDown": lambda random: Refuse(503, "SlowDown"),
    },
    "sqs": {
        "answers 500": lambda random: Refuse(500, "InternalFailure"),
        "throttles": lambda random: Refuse(400, "ThrottlingException"),
    },
    "dynamodb": {
        "answers 500": lambda random: Refuse(500, "InternalServerError"),
        "throttles": lambda random: Refuse(400, "ProvisionedThroughputExceededException"),
    },
}
"""What they answer themselves."""

SHARES = (0.2, 0.5, 1.0)
"""Of a service's requests that fail."""

SHORTEST, LONGEST = 1.0, 7.0
"""Seconds; the longest is beyond two leases."""


@dataclass(frozen=True, slots=True)
class Weather:
    """``fault`` befalls a ``share`` of the requests to ``service`` for some seconds; without a fault all are gone."""

    title: str
    service: str
    fault: Fault | None
    share: float
    seconds: float

    def begin(self, hosts: list[Host], random: Random) -> Callable[[], None]:
        """Let it begin; what ends it."""
        ends = ExitStack()
        for host in hosts:
            if self.fault is None:
                host.proxy.shut()
                ends.callback(host.proxy.open)
            else:
                rule = host.proxy.rule(self._concerns(random), self.fault)
                ends.callback(host.proxy.lift, rule)
        return ends.close

    def _concerns(self, random: Random) -> Callable[[Asked], bool]:
        return lambda asked: asked.service == self.service and random.random() < self.share


def draw(random: Random) -> Weather:
    """Some weather."""
    seconds = random.uniform(SHORTEST, LONGEST)
    service = random.choice(sorted(SERVICES))
    kinds = ANYWHERE | OWN[service]
    title, share = random.choice(sorted(kinds)), random.choice(SHARES)
    if random.random() < 1 / (1 + sum(len(ANYWHERE | own) for own in OWN.values())):
        return Weather("all services are gone", "", None, 1.0, seconds)
    return Weather(f"{SERVICES[service]} {title}", service, kinds[title](random), share, seconds)
