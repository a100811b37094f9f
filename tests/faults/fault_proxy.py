"""A proxy in front of the embedded AWS that fails as networks and services fail, where and when a test says so.

Clients are given its address as their endpoint. What no rule concerns passes through unchanged.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

HELD_SECONDS = 120.0
"""How long an answer is held back at most: a test that failed must not leave a thread behind."""

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
NOT_PASSED_ON = HOP_BY_HOP | {"expect", "trailer"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: ``service`` is s3, sqs, dynamodb or monitoring; ``operation`` PutItem, ReceiveMessage … or S3's HTTP method."""

    service: str
    operation: str
    path: str
    query: str
    body: bytes


# --- what may be done to a request -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an error of the service, which never hears of the request."""

    status: int = 503
    code: str = "SlowDown"


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection: before the service hears of the request, or when it has done what it asks (``done``)."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """Close it in the middle of the answer's body, after ``share`` of it."""

    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Delay:
    """Pass the request on after ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Pass on what ``change`` makes of its body."""

    change: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """Hold a request back, before the service hears of it or its answer (``done``), until :meth:`release`."""

    done: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    _go: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Let everything that is held go on."""
        self._go.set()

    def wait(self) -> None:
        """What the proxy does."""
        self.reached.set()
        self._go.wait(HELD_SECONDS)


Fault: TypeAlias = Refuse | Cut | Truncate | Delay | Rewrite | Hold


@dataclass(slots=True, eq=False)
class Rule:
    """``fault`` befalls requests that ``concerns``: each that is one of ``every`` so many, the first ``times`` (None: all).

    ``seen`` are those that it concerned, ``count`` those that it befell.
    """

    concerns: Callable[[Asked], bool]
    fault: Fault
    times: int | None = None
    every: int = 1
    seen: int = 0
    count: int = 0

    def befalls(self, asked: Asked) -> bool:
        """Whether the fault is to happen to this request, which is counted."""
        if (self.times is not None and self.count >= self.times) or not self.concerns(asked):
            return False
        self.seen += 1
        hit = self.seen % self.every == 0
        self.count += hit
        return hit


# --- the proxy -------------------------------------------------------------------------------------------------------


class FaultProxy:
    """Listens on loopback, passes on to ``upstream`` (a URL)."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self._rules: list[Rule] = []
        self._changing = threading.Lock()
        self._open = True
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Passage)
        self._server.proxy = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="fault proxy", daemon=True).start()

    def rule(
        self, concerns: Callable[[Asked], bool], fault: Fault, times: int | None = None, *, every: int = 1
    ) -> Rule:
        """Add a rule; the first that befalls a request does so alone."""
        made = Rule(concerns, fault, times, every)
        with self._changing:
            self._rules.append(made)
        return made

    def lift(self, rule: Rule) -> None:
        """Take a rule away; what it holds goes on."""
        with self._changing:
            self._rules.remove(rule)
        if isinstance(rule.fault, Hold):
            rule.fault.release()

    def clear(self) -> None:
        """Let everything pass, also what is held."""
        with self._changing:
            rules, self._rules = self._rules, []
        for rule in rules:
            if isinstance(rule.fault, Hold):
                rule.fault.release()

    def shut(self) -> None:
        """Be gone, as a service whose hosts are: cut all connections, and close each new one at once."""
        self._open = False
        with self._changing:
            connections = list(self._connections)
        for one in connections:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Be there again."""
        self._open = True

    def close(self) -> None:
        """End it."""
        self.clear()
        self.shut()
        self._server.shutdown()
        self._server.server_close()

    def fault_of(self, asked: Asked) -> Fault | None:
        """What is to befall a request."""
        with self._changing:
            return next((rule.fault for rule in self._rules if rule.befalls(asked)), None)

    def admits(self, connection: socket.socket) -> bool:
        """Whether a new connection may be used."""
        with self._changing:
            self._connections.add(connection)
        return self._open

    def forget(self, connection: socket.socket) -> None:
        """A connection has ended."""
        with self._changing:
            self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    proxy: FaultProxy
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed in the middle are what this is for."""


class _Passage(BaseHTTPRequestHandler):
    """One client's connection, and one of its own to the service."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream = HTTPConnection(self.server.proxy.upstream, timeout=HELD_SECONDS)

    def handle(self) -> None:
        if self.server.proxy.admits(self.connection):
            super().handle()

    def finish(self) -> None:
        self.server.proxy.forget(self.connection)
        self._upstream.close()
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base's
        """Say nothing."""

    def _pass(self) -> None:
        body = self._body()
        if body is None:
            # the client died while it sent
            self._hang_up()
            return
        asked = self._understood(body)
        fault = self.server.proxy.fault_of(asked)
        if isinstance(fault, Refuse):
            self._refuse(asked, fault)
            return
        if isinstance(fault, Delay):
            time.sleep(fault.seconds)
        if isinstance(fault, Rewrite):
            body = fault.change(body)
        if isinstance(fault, Hold) and not fault.done:
            fault.wait()
        if fault == Cut(done=False):
            self._hang_up()
            return
        try:
            self._ask(body, fault)
        except (OSError, HTTPException):
            # the service itself has gone
            self._hang_up()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - the names are the base's

    def _body(self) -> bytes | None:
        """The request's body; None where it ends too early."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._exactly(int(self.headers.get("Content-Length", "0")))
        body = b""
        while line := self.rfile.readline().strip():
            length = int(line.partition(b";")[0], 16)
            chunk = self._exactly(length)
            if chunk is None:
                return None
            body += chunk
            if length:
                self.rfile.readline()
            elif not self.rfile.readline().strip():
                # a trailer sums up what has arrived, and is not passed on
                return body
        return None

    def _exactly(self, length: int) -> bytes | None:
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _understood(self, body: bytes) -> Asked:
        path = urlsplit(self.path)
        target = self.headers.get("X-Amz-Target", "")
        scope = re.search(r"/([a-z0-9-]+)/aws4_request", self.headers.get("Authorization", ""))
        return Asked(
            scope.group(1) if scope else "s3",
            target.rpartition(".")[2] or self.command,
            path.path,
            path.query,
            body,
        )

    def _ask(self, body: bytes, fault: Fault | None) -> None:
        answer, content = self._answer_to(body)
        if isinstance(fault, Hold) and fault.done:
            fault.wait()
        if fault == Cut(done=True):
            self._hang_up()
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        told = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        if told is not None:
            self.send_header("Content-Length", told)
        self.end_headers()
        if isinstance(fault, Truncate):
            self.wfile.write(content[: int(len(content) * fault.share)])
            self._hang_up()
        elif self.command != "HEAD":
            self.wfile.write(content)

    def _answer_to(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        if self._upstream.sock is not None and _is_closed(self._upstream.sock):
            # a connection that was idle for long: that is no fault of a test's
            self._upstream.close()
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in NOT_PASSED_ON:
                self._upstream.putheader(name, value)
        if body or "Content-Length" in self.headers:
            self._upstream.putheader("Content-Length", str(len(body)))
        self._upstream.endheaders(body)
        answer = self._upstream.getresponse()
        return answer, answer.read()

    def _refuse(self, asked: Asked, fault: Refuse) -> None:
        if asked.service == "s3":
            content = f"<Error><Code>{fault.code}</Code><Message>as a test says</Message></Error>".encode()
            kind = "application/xml"
        else:
            content = f'{{"__type": "com.amazonaws#{fault.code}", "message": "as a test says"}}'.encode()
            kind = "application/x-amz-json-1.0"
        self.send_response_only(fault.status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)


def _is_closed(idle: socket.socket) -> bool:
    """Whether the other side has closed a connection on which nothing is awaited."""
    look = select.poll()
    look.register(idle, select.POLLIN)
    return bool(look.poll(0))
