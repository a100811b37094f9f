"""How old a queue's oldest message is, as CloudWatch tells it: SQS itself does not."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

PERIOD_SECONDS = 60
"""SQS writes its metrics once a minute."""

WINDOW = timedelta(minutes=5)
"""How far back is looked: a data point comes a minute or two late."""


class Metrics(Protocol):
    """What is needed of a CloudWatch client."""

    def get_metric_data(self, **request: Any) -> Mapping[str, Any]:
        """GetMetricData."""
        ...


def oldest_age(metrics: Metrics, queue: str) -> float | None:
    """Return the most seconds that the oldest message of ``queue`` may be old, None where nobody can tell.

    What CloudWatch says is some minutes old, in which the message has aged as well, so these are added. A message that
    was received more than three times does not count ("Available CloudWatch metrics for Amazon SQS").
    """
    now = datetime.now(UTC)
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    stat = {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": "Maximum"}
    try:
        answer = metrics.get_metric_data(
            MetricDataQueries=[{"Id": "age", "MetricStat": stat}], StartTime=now - WINDOW, EndTime=now
        )
        return max(
            (
                float(age) + (now - at).total_seconds()
                for found in answer["MetricDataResults"]
                for at, age in zip(found["Timestamps"], found["Values"], strict=True)
            ),
            default=None,
        )
    except Exception:
        # whoever asks can do without
        log.warning("Could not ask how old the oldest message of the queue %s is.", queue, exc_info=True)
        return None
