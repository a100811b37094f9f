"""Requests of the API, and to the addresses that it signs: tried again where that helps, and told as our own failures."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3

from tilework.api.failures import failure_of
from tilework.errors import RefusedError, ServiceError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.response import BaseHTTPResponse

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

TIMEOUT: Final = urllib3.Timeout(connect=10, read=60)
"""Seconds: an HTTP API gives up after thirty."""

AGAIN: Final = urllib3.Retry(
    total=6,
    # a redirect would take the token somewhere else
    redirect=0,
    # every order of the API may be given twice
    allowed_methods=None,
    status_forcelist={
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    },
    backoff_factor=0.3,
    backoff_jitter=0.3,
    raise_on_status=False,
    raise_on_redirect=False,
)
"""The API's throttle answers 429 to whoever asks too much at once, such as eight look-ups at a time."""

SEARCH: Final = AGAIN.new(read=0, status_forcelist={HTTPStatus.TOO_MANY_REQUESTS})
"""Of what goes through rows: where it did not end in time it would not a second time either, and each costs."""

UPLOAD: Final = AGAIN.new(
    read=0, status_forcelist={HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)
"""Of a file, whose answer may be lost after S3 has stored it: a second would be another version, and another job. With these
answers S3 says that it has stored nothing."""

CONNECTIONS: Final = 16


def checked(address: str) -> str:
    """An API's address without its last slash. Raises SettingsError where a token must not be sent there."""
    text = address.strip().rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(
            f"{address!r} is no address of an API.", advice="It is the output ApiUrl of the stack."
        )
    if parts.scheme == "http" and not is_loopback(text):
        raise SettingsError(f"{text} would carry the sign-in over the network in clear.", advice="Use https.")
    return text


def is_loopback(address: str) -> bool:
    """Whether an address is on this machine."""
    name = urlsplit(address).hostname or ""
    return name in LOOPBACK or name.endswith(".localhost")


class Http:
    """One pool of connections; thread-safe."""

    def __init__(self, address: str) -> None:
        # the caller's proxy is for what is not on this machine
        proxy = None if is_loopback(address) else _proxy_of(address)
        if proxy is None:
            self._pool: urllib3.PoolManager = urllib3.PoolManager(maxsize=CONNECTIONS)
        else:
            self._pool = urllib3.ProxyManager(proxy, maxsize=CONNECTIONS)

    def send(
        self, method: str, address: str, *, again: urllib3.Retry = AGAIN, **options: Any
    ) -> BaseHTTPResponse:
        """The answer, whatever its status. Raises ServiceError where there is none."""
        try:
            return self._pool.request(method, address, timeout=TIMEOUT, retries=again, **options)
        except urllib3.exceptions.HTTPError as error:
            host = urlsplit(address).hostname
            raise ServiceError(f"{host} does not answer: {type(error).__name__}.") from error

    def form(self, address: str, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Post a form; the status, and the JSON of the answer."""
        answer = self.send(
            "POST",
            address,
            body=urlencode(fields),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )
        return answer.status, _document(answer)


class Api:
    """The API at ``address``; ``token`` gives a token that is good now, or nothing where none is wanted."""

    def __init__(self, address: str, token: Callable[[], str]) -> None:
        self.address = checked(address)
        self._token = token
        self._http = Http(self.address)

    def get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        """What ``path`` tells. Raises what :func:`failure_of` makes of another status than 200."""
        asked = {name: value for name, value in query.items() if value not in {None, ""}}
        return self._ask("GET", f"{path}?{urlencode(asked)}" if asked else path)

    def search(self, path: str, **query: str) -> dict[str, Any]:
        """What is found by going through rows: asked once, however it ends."""
        return self._ask("GET", f"{path}?{urlencode(query)}", again=SEARCH)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What comes of an order."""
        return self._ask("POST", path, body=json.dumps(body).encode())

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What is there, once this is put there."""
        return self._ask("PUT", path, body=json.dumps(body).encode())

    def download(self, address: str, start: int, stop: int) -> tuple[bytes, int]:
        """Bytes [start, stop) of what a signed address gives, and how many there are in all. No token goes there."""
        answer = self._http_to(address).send(
            "GET", address, headers={"Range": f"bytes={start}-{max(stop, start + 1) - 1}"}
        )
        if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return b"", start
        if answer.status == HTTPStatus.OK:  # a server may answer a range with the whole
            return answer.data[start:stop], len(answer.data)
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            raise RefusedError(f"A result cannot be loaded: the bucket answered {answer.status}.")
        size = int(answer.headers["Content-Range"].rpartition("/")[2])
        return answer.data[: max(0, stop - start)], size

    def upload(self, address: str, fields: Mapping[str, str], body: bytes) -> str:
        """Post a signed form with a file; the version that it became."""
        form = {**fields, "file": ("file", body, fields.get("Content-Type", "application/octet-stream"))}
        answer = self._http_to(address).send("POST", address, again=UPLOAD, fields=form)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}:
            raise RefusedError(f"The bucket refused the upload: it answered {answer.status}.")
        return answer.headers.get("x-amz-version-id", "null")

    def _http_to(self, address: str) -> Http:
        return self._http if is_loopback(address) == is_loopback(self.address) else Http(address)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, *, again: urllib3.Retry = AGAIN
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = self._http.send(method, self.address + path, again=again, body=body, headers=headers)
        document = _document(answer)
        if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise failure_of(answer.status, document)
        return document


def _document(answer: BaseHTTPResponse) -> dict[str, Any]:
    try:
        document = json.loads(answer.data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _proxy_of(address: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - slow to load, and seldom needed

    parts = urlsplit(address)
    if proxy_bypass(parts.netloc):
        return None
    return getproxies().get(parts.scheme)
