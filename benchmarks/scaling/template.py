"""The numbers that decide on scaling, read from a synthesized template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.scaling.metric_math import evaluate
from tilework.bill.deployment import calls_an_hour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HANDLER: Final = "master.wake_handler.handler"


@dataclass(frozen=True, slots=True)
class Expression:
    """Metric math over ``sources``: the metric's name, of a queue by its ``jobs`` or ``units``, for each id."""

    text: str
    sources: Mapping[str, str]

    def value(self, read: Callable[[str], float | None]) -> float | None:
        """Its datapoint, where ``read`` tells the datapoint of each source."""
        return evaluate(self.text, {name: read(source) for name, source in self.sources.items()})


@dataclass(frozen=True, slots=True)
class Tracking:
    """Target tracking that only adds: so many hosts that each has ``target``."""

    expression: Expression
    target: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """All of a template: hosts at least and at most, how often the waker looks, and after how many idle seconds it ends all."""

    tracking: tuple[Tracking, ...]
    minimum: int
    maximum: int
    look_seconds: float
    idle_seconds: float


def read(template: Mapping[str, Any]) -> Numbers:
    """Read them. Raises ValueError where the template says more than the simulation knows."""
    resources = template["Resources"]
    ((_, group),) = _of_type(resources, "AWS::AutoScaling::AutoScalingGroup")
    if "DesiredCapacity" in group:
        raise ValueError("The template sets a desired capacity, which each deploy would reset.")
    ((waker, function),) = [
        (name, each)
        for name, each in _of_type(resources, "AWS::Lambda::Function")
        if each["Handler"] == HANDLER
    ]
    policies = dict(_of_type(resources, "AWS::AutoScaling::ScalingPolicy"))
    return Numbers(
        tracking=tuple(
            _tracking(each) for each in policies.values() if each["PolicyType"] == "TargetTrackingScaling"
        ),
        minimum=int(group["MinSize"]),
        maximum=int(group["MaxSize"]),
        look_seconds=_look_seconds(resources, waker),
        idle_seconds=float(function["Environment"]["Variables"]["TILEWORK_IDLE_SECONDS"]),
    )


def _of_type(resources: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, each["Properties"]) for name, each in resources.items() if each["Type"] == kind)


def _tracking(policy: Mapping[str, Any]) -> Tracking:
    configuration = policy["TargetTrackingConfiguration"]
    if not configuration.get("DisableScaleIn"):
        raise ValueError("Target tracking takes hosts away, which is not simulated.")
    queries = configuration["CustomizedMetricSpecification"]["Metrics"]
    return Tracking(_expression(queries), float(configuration["TargetValue"]))


def _expression(queries: list[dict[str, Any]]) -> Expression:
    (text,) = [query["Expression"] for query in queries if "Expression" in query]
    sources = {
        query["Id"]: _source(query["MetricStat"]["Metric"]) for query in queries if "MetricStat" in query
    }
    return Expression(text, sources)


def _source(metric: Mapping[str, Any]) -> str:
    name: str = metric["MetricName"]
    (dimension,) = metric["Dimensions"]
    if dimension["Name"] != "QueueName":
        return name
    queue = re.search("Jobs|Units", str(dimension["Value"]))
    if queue is None:
        raise ValueError(f"{dimension['Value']} is no queue of work.")
    return f"{queue[0].lower()} {name}"


def _look_seconds(resources: Mapping[str, Any], waker: str) -> float:
    """How often the waker is called, by its rule."""
    for _, rule in _of_type(resources, "AWS::Events::Rule"):
        called = {target["Arn"].get("Fn::GetAtt", [""])[0] for target in rule.get("Targets", [])}
        if waker in called and rule.get("State", "ENABLED") == "ENABLED":
            return 3600 / calls_an_hour(rule["ScheduleExpression"])
    raise ValueError("Nothing calls the waker.")
