"""Ended jobs as events on EventBridge's default bus."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from tilework.aws.failures import told_as_ours
from tilework.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.jobs.endings import Ending

log = logging.getLogger(__name__)

SOURCE: Final = "tilework"
DETAIL_TYPE: Final = "Job ended"

AT_ONCE: Final = 10
"""Events in one request (EventBridge quota)."""


class AwsEvents:
    """Puts events; ``client`` is boto3's of EventBridge."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, endings: Sequence[Ending]) -> None:
        """Put an event for each, ten in a request. Raises ServiceError where one was not taken."""
        for start in range(0, len(endings), AT_ONCE):
            self._put(endings[start : start + AT_ONCE])

    def _put(self, endings: Sequence[Ending]) -> None:
        entries = [
            {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(asdict(one))}
            for one in endings
        ]
        with told_as_ours("put events of ended jobs"):
            answer = self._client.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            codes = sorted({str(one["ErrorCode"]) for one in answer["Entries"] if one.get("ErrorCode")})
            raise ServiceError(
                f"EventBridge did not take {answer['FailedEntryCount']} events: {', '.join(codes)}."
            )
