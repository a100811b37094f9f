"""What the master is told by its environment, read once when its process starts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from master.fleet_steps import IDLE_SECONDS
from tilework.aws.settings import LONGEST_MEMORY, MEMORY_NAME
from tilework.environment import number
from tilework.errors import PipelineError, SettingsError
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import load_own_operations, warn_of_disabled
from tilework.jobs.quotas import OBJECT_BYTES, PART_LIMIT
from tilework.service.hosts import LOOPBACK
from tilework.sign_in import OPERATORS, SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

DEFAULT_PIPELINE = "blur(9)"

UPLOAD_LIMIT_BYTES = PART_LIMIT
"""What one POST to S3 takes at most; uploads in parts may be allowed more."""

PRESIGN_SECONDS = 900
"""Long enough to begin an upload or a download, short enough that a link in a log is soon worth nothing."""

LOST_AFTER_SECONDS = 900.0
"""An S3 event comes within seconds, and sometimes after a minute or more; what is younger than this is not lost."""

RECONCILE_SECONDS = 3600.0
NOTICE_WAIT_SECONDS = 5.0

LOOK_SECONDS = 5.0
"""Notices and dead letters wait meanwhile where the keeper is one thread; a look cut short soon goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterSettings:
    """The master's own settings beside the deployment's addresses.

    ``public_url`` is where the page is reached from outside; empty on one machine. ``preview_url`` is where the preview runs
    that requests are forwarded to; empty where a gateway sends them there, which ``preview`` tells, or there is none. With ``sign_in`` the API is only
    for whom a gateway's authorizer has let in, and each sees what is theirs; members of ``operators_group`` see all.
    ``any_host`` accepts every Host
    header, for where a gateway in front has judged it already. ``upload_limit_bytes`` a file, ``presign_seconds`` a
    signed link. The keeper's times are in seconds: how long it waits for notices, how often it reconciles, for how
    long at once it then looks through the input bucket, from which age on something may be lost, and how long the table
    remembers rows (None: for ever). ``fleet_group`` is the workers' Auto Scaling group, which is woken, and sent to sleep
    after ``idle_seconds``; empty where there is none.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    preview_url: str = ""
    preview: bool = False
    sign_in: SignIn | None = None
    operators_group: str = OPERATORS
    any_host: bool = False
    default_pipeline: str = DEFAULT_PIPELINE
    extra_operations: str = ""
    upload_limit_bytes: int = UPLOAD_LIMIT_BYTES
    presign_seconds: int = PRESIGN_SECONDS
    notice_wait_seconds: float = NOTICE_WAIT_SECONDS
    reconcile_seconds: float = RECONCILE_SECONDS
    look_seconds: float = LOOK_SECONDS
    lost_after_seconds: float = LOST_AFTER_SECONDS
    table_memory_seconds: float | None = None
    may_erase: bool = False
    fleet_group: str = ""
    idle_seconds: float = IDLE_SECONDS
    completion_events: bool = False
    die_with_parent: bool = False

    @property
    def has_previews(self) -> bool:
        """Whether something answers for thumbnails: what requests are forwarded to, or a function behind the same gateway."""
        return bool(self.preview_url) or self.preview

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> MasterSettings:
        """Read all settings; raise SettingsError naming the variable that makes no sense."""
        memory = number(environ, MEMORY_NAME, 0, 0, LONGEST_MEMORY)
        return cls(
            host=environ.get("TILEWORK_HOST", "").strip() or "127.0.0.1",
            port=int(number(environ, "TILEWORK_PORT", 8000, 0, 65_535)),
            public_url=_address(environ, "TILEWORK_PUBLIC_URL"),
            preview_url=_address(environ, "TILEWORK_PREVIEW_URL"),
            preview=environ.get("TILEWORK_PREVIEW", "") == "1",
            sign_in=_sign_in(environ),
            operators_group=environ.get("TILEWORK_OPERATORS_GROUP", "").strip() or OPERATORS,
            any_host="AWS_LAMBDA_FUNCTION_NAME" in environ,
            default_pipeline=_pipeline(environ),
            extra_operations=environ.get("TILEWORK_EXTRA_OPERATIONS", "").strip(),
            upload_limit_bytes=int(
                number(environ, "TILEWORK_UPLOAD_LIMIT_BYTES", UPLOAD_LIMIT_BYTES, 1, OBJECT_BYTES)
            ),
            # seven days is the longest life of a signature (S3 quota)
            presign_seconds=int(number(environ, "TILEWORK_PRESIGN_SECONDS", PRESIGN_SECONDS, 10, 604_800)),
            notice_wait_seconds=number(environ, "TILEWORK_NOTICE_WAIT_SECONDS", NOTICE_WAIT_SECONDS, 0, 20),
            reconcile_seconds=number(environ, "TILEWORK_RECONCILE_SECONDS", RECONCILE_SECONDS, 1, 86_400),
            look_seconds=number(environ, "TILEWORK_LOOK_SECONDS", LOOK_SECONDS, 0, 86_400),
            lost_after_seconds=number(environ, "TILEWORK_LOST_AFTER_SECONDS", LOST_AFTER_SECONDS, 1, 86_400),
            table_memory_seconds=memory * 86_400 or None,
            completion_events=environ.get("TILEWORK_COMPLETION_EVENTS", "") == "1",
            may_erase=environ.get("TILEWORK_MAY_ERASE", "") == "1",
            fleet_group=environ.get("TILEWORK_FLEET_GROUP", "").strip(),
            idle_seconds=number(environ, "TILEWORK_IDLE_SECONDS", IDLE_SECONDS, 60, 86_400),
            die_with_parent=environ.get("TILEWORK_DIE_WITH_PARENT", "") == "1",
        )

    @property
    def host_names(self) -> frozenset[str]:
        """The names under which the page may be asked for; all others are another site's, pointed here."""
        public = urlsplit(self.public_url).hostname
        return frozenset({*LOOPBACK, self.host, *((public,) if public else ())})


def _address(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").strip().rstrip("/")
    if text and not (text.startswith(("http://", "https://")) and urlsplit(text).hostname):
        raise SettingsError(f"{name} must be an http(s) address, not {text!r}.")
    return text


def _sign_in(environ: Mapping[str, str]) -> SignIn | None:
    names = {name: f"TILEWORK_SIGN_IN_{name.upper()}" for name in ("url", "client", "issuer")}
    told = {name: environ.get(variable, "").strip() for name, variable in names.items()}
    if not any(told.values()):
        return None
    if missing := [names[name] for name, value in told.items() if not value]:
        raise SettingsError(
            f"{missing[0]} is missing: the three TILEWORK_SIGN_IN_ variables belong together."
        )
    return SignIn(_address(environ, names["url"]), told["client"], told["issuer"])


def _pipeline(environ: Mapping[str, str]) -> str:
    """The default pipeline in canonical form; own operations are loaded first, because it may use them."""
    load_own_operations(environ.get("TILEWORK_EXTRA_OPERATIONS", "").strip())
    warn_of_disabled(log)
    text = environ.get("TILEWORK_DEFAULT_PIPELINE", "").strip() or DEFAULT_PIPELINE
    try:
        return parse(text).canonical
    except PipelineError as error:
        raise SettingsError(f"TILEWORK_DEFAULT_PIPELINE: {error.reason}.") from error
