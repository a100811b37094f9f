"""Who may do what, as docs/security.md has it: the statements of all roles, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.stacks.reading import listed, resources, statements, text

if TYPE_CHECKING:
    from collections.abc import Iterable

Template = dict[str, Any]
Right = tuple[str, str, str]
"""Role, resource, action."""

ROLES = {
    "WorkersRole": "worker hosts",
    "MasterApiServiceRole": "API",
    "MasterKeeperServiceRole": "keeper",
    "MasterClockServiceRole": "clock",
    "MasterWakerServiceRole": "waker",
    "PreviewServiceRole": "preview",
    "MasterStopFleetServiceRole": "fleet's stop",
    "StorageNotifier": "notifier",
    "StorageExistingServiceRole": "drops of an existing bucket",
}
"""Each role's name in the document by the beginning of its logical id."""

PLACES = (
    (r"<StorageInput\w+>|arn:<AWS::Partition>:s3:::acme-photos", "input bucket"),
    (r"<StorageOutput\w+>", "output bucket"),
    (r"<Queues(\w+?)[0-9A-F]{8}>", r"queue \1"),
    (r"<JobTable\w+>/index/\w+", "indexes of the table"),
    (r"<JobTable\w+>", "job table"),
    (r".*autoScalingGroupName/.*", "this group"),
    (r".*:repository/.*", "the image's repository"),
    (r".*:event-bus/default", "the account's event bus"),
    (r".*:log-group:/aws/lambda/.*", "its own log"),
    (r"<(\w+?)Log[0-9A-F]{8}>", r"log of \1"),
    (r"arn:aws:kms:.*", "the key"),
    (r"\*", "all, since IAM knows none"),
)


def place(resource: str) -> str:
    """A resource in words."""
    for pattern, words in PLACES:
        found = re.fullmatch(rf"(?:{pattern})(?P<rest>/[a-z*/]+)?", resource)
        if found:
            return found.expand(words) + (f", {found['rest'][1:]}" if found["rest"] else "")
    return resource


def rights(template: Template) -> set[Right]:
    """All that the identity policies of this template's roles allow."""
    return {
        (role, place(text(resource)), action)
        for logical_id in resources(template, "AWS::IAM::Role")
        for role in [
            next((name for start, name in ROLES.items() if logical_id.startswith(start)), logical_id)
        ]
        for statement in statements(template, logical_id)
        for resource in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }


def rows(found: Iterable[Right]) -> dict[tuple[str, str], list[str]]:
    """The actions by role and resource."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for role, resource, action in sorted(found):
        grouped.setdefault((role, resource), []).append(action)
    return grouped
