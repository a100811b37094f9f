"""What an EC2 host can ask about itself: the instance metadata service, version 2 (sessions by a token)."""

from __future__ import annotations

import logging
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

TOKEN_SECONDS = 21_600
"""Life of a token: the longest there is."""

ANSWER_SECONDS = 2.0
"""The service is a part of the host; what takes longer will not come."""

_OK, _UNAUTHORIZED = 200, 401


class InstanceMetadata:
    """The service at ``url``, in AWS http://169.254.169.254. For one thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise SettingsError(f"The address of the instance metadata is {url!r}, which is no http address.")
        # straight to the host, past any proxy
        self._host, self._port = parts.hostname, parts.port
        self._token = ""

    def get(self, path: str) -> str | None:
        """What stands at ``/latest/meta-data/<path>``; None where nothing does, or nobody answers."""
        try:
            if not self._token:
                self._renew_token()
            status, text = self._read(path)
            if status == _UNAUTHORIZED:
                self._renew_token()
                status, text = self._read(path)
        except (OSError, HTTPException) as error:
            log.debug("The instance metadata do not answer: %s", error)
            return None
        return text if status == _OK else None

    def _read(self, path: str) -> tuple[int, str]:
        return self._ask("GET", f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": self._token})

    def _renew_token(self) -> None:
        wanted = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)}
        status, text = self._ask("PUT", "/latest/api/token", wanted)
        self._token = text if status == _OK else ""

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace").strip()
        finally:
            connection.close()
