"""What stands in for an EC2 host's metadata service (version 2) and for Auto Scaling, over real HTTP."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTANCE = "i-0123456789abcdef0"


@dataclass
class Ec2Host:
    """``metadata`` is what stands below /latest/meta-data; ``calls`` what Auto Scaling was asked, in order."""

    url: str
    metadata: dict[str, str] = field(default_factory=lambda: {"instance-id": INSTANCE})
    calls: list[dict[str, str]] = field(default_factory=list)
    refuses: bool = False
    tokens: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, action: str, seconds: float = 30, **facts: str) -> dict[str, str]:
        """The first call of ``action`` with such ``facts``, once it is there."""
        wanted = {"Action": action, **facts}

        def found() -> dict[str, str] | None:
            return next((call for call in self.calls if wanted.items() <= call.items()), None)

        with self.changed:
            assert self.changed.wait_for(lambda: found() is not None, seconds), (wanted, self.calls)
        call = found()
        assert call is not None
        return call

    @property
    def actions(self) -> list[str]:
        return [call["Action"] for call in self.calls]


@contextmanager
def ec2_host() -> Iterator[Ec2Host]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.host = Ec2Host(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.host  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Answers(BaseHTTPRequestHandler):
    @property
    def host(self) -> Ec2Host:
        return self.server.host  # type: ignore[attr-defined, no-any-return]

    def do_PUT(self) -> None:
        assert self.path == "/latest/api/token"
        assert 0 < int(self.headers["X-aws-ec2-metadata-token-ttl-seconds"]) <= 21_600
        token = f"token-{len(self.host.tokens)}"
        self.host.tokens.add(token)
        self.answer(200, token)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") not in self.host.tokens:
            self.answer(401, "")
            return
        text = self.host.metadata.get(self.path.removeprefix("/latest/meta-data/"))
        self.answer(404 if text is None else 200, text or "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        call = {name: values[0] for name, values in parse_qs(body).items()}
        with self.host.changed:
            self.host.calls.append(call)
            self.host.changed.notify_all()
        name = call["Action"]
        if self.host.refuses:
            self.answer(400, "<ErrorResponse><Error><Code>ValidationError</Code></Error></ErrorResponse>")
        else:
            self.answer(200, f"<{name}Response><{name}Result/></{name}Response>")

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
