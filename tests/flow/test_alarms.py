"""An alarm of the deployed stack sounds by what a worker host writes, and whoever listens to its topic hears it."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.flow.running_system import boto
from worker_image.metrics import WORLD_RESTART, HeldCount, documents
from worker_image.tally import Sums

if TYPE_CHECKING:
    from tests.flow.running_system import RunningSystem

STACK = "tilework-dev"


def test_worlds_that_die_again_and_again_are_told_with_the_section_that_says_what_to_do(
    running: RunningSystem,
) -> None:
    watch, topics, queues = (boto(running.environment, service) for service in ("cloudwatch", "sns", "sqs"))
    (alarm,) = watch.describe_alarms(AlarmNames=[f"{STACK}-world-restarts"])["MetricAlarms"]
    (topic,) = alarm["AlarmActions"]
    listener = queues.create_queue(QueueName="listener")["QueueUrl"]
    told = queues.get_queue_attributes(QueueUrl=listener, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    subscription = topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told)["SubscriptionArn"]
    try:
        # as CloudWatch takes it out of the host's log
        minute = Sums(events=Counter({WORLD_RESTART: 5}))
        for document in documents(minute, HeldCount(0, 0), deployment=STACK, host="host-1", now=time.time()):
            (directive,) = document["_aws"]["CloudWatchMetrics"]
            dimensions = [{"Name": name, "Value": document[name]} for name in directive["Dimensions"][0]]
            metrics = [
                {"MetricName": each["Name"], "Value": document[each["Name"]], "Dimensions": dimensions}
                for each in directive["Metrics"]
            ]
            watch.put_metric_data(Namespace=directive["Namespace"], MetricData=metrics)
        (message,) = queues.receive_message(QueueUrl=listener, WaitTimeSeconds=20)["Messages"]
    finally:
        topics.unsubscribe(SubscriptionArn=subscription)
        queues.delete_queue(QueueUrl=listener)
    heard = json.loads(json.loads(message["Body"])["Message"])
    assert (heard["AlarmName"], heard["NewStateValue"]) == (f"{STACK}-world-restarts", "ALARM")
    assert heard["AlarmDescription"].endswith("docs/alarms.md#world-restarts")
