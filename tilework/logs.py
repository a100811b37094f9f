"""Log lines of all our programs: a JSON object each, or readable text on a terminal, with the job that they are about.

What is logged while a task is worked on bears the task's job, unit and attempt (:func:`about`), whoever logs it; so the
story of one job is found by its id in the lines of all processes.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Form: TypeAlias = Literal["json", "text"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

FACTS = ("process", "host", "rank", "pid", "job", "unit", "attempt")
"""What a line tells beside time, level and message, in this order, as far as it is known."""

LINE_BYTES = 16_000
"""Of a line: Docker's log driver tears apart what is longer than 16 KiB."""

MOST_CHARACTERS = 8_000
"""Of a message, and of a traceback's end, before it is known how long JSON makes them."""

NOISY = ("botocore", "boto3", "urllib3", "s3transfer", "multipart", "asyncio")
"""Libraries whose details tell nothing about a job."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """From which ``level`` on lines are written, and in which ``form``; None: text on a terminal, else JSON."""

    level: str = "INFO"
    form: Form | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> LogSettings:
        """Read both. Raises SettingsError naming the variable that makes no sense."""
        level = environ.get("TILEWORK_LOG_LEVEL", "").strip().upper() or "INFO"
        if level not in LEVELS:
            raise SettingsError(f"TILEWORK_LOG_LEVEL must be one of {', '.join(LEVELS)}, not {level!r}.")
        form = environ.get("TILEWORK_LOG_FORMAT", "").strip().lower() or None
        for known in get_args(Form):
            if form == known:
                return cls(level, known)
        if form is not None:
            raise SettingsError(f"TILEWORK_LOG_FORMAT must be json or text, not {form!r}.")
        return cls(level)


_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))

# what this process is; a guarded child changes its own copy
_who: dict[str, Any] = {}


@contextmanager
def about(**facts: str | int) -> Iterator[None]:
    """Have everything that is logged within bear ``facts``, some of :data:`FACTS`."""
    token = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(token)


@contextmanager
def all_about(**facts: str | int) -> Iterator[None]:
    """The same for all threads of a process that works on one thing at a time: a rank."""
    before = dict(_who)
    _who.update(facts)
    try:
        yield
    finally:
        _who.clear()
        _who.update(before)


def log_to_stderr(process: str, settings: LogSettings | None = None, **who: str | int) -> None:
    """Send all logs of this process to stderr, those of libraries included; ``who`` it is beside its kind.

    May be called again, once more is known.
    """
    settings = settings or LogSettings()
    _who.clear()
    _who.update({"process": process, "host": socket.gethostname(), **who})
    handler = _ToStderr()
    form = settings.form or ("text" if sys.stderr is not None and sys.stderr.isatty() else "json")
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def become(process: str) -> None:
    """Be another kind of process, as one that was just forked."""
    if _who:
        _who["process"] = process


class JsonLines(logging.Formatter):
    """One JSON object a record: time (UTC), level, message, and FACTS as far as they are known."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname,
            "message": record.getMessage(),
            **facts_of(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        most = MOST_CHARACTERS
        while True:
            line["message"] = _cut(line["message"], most)
            if "traceback" in line:
                line["traceback"] = line["traceback"][-most:]
            text = json.dumps(line)
            if len(text) <= LINE_BYTES or not most:
                return text
            most //= 2


class TextLines(logging.Formatter):
    """Time of the day, level, message; and where it is known the rank that says it, and the job it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        facts = facts_of(record)
        rank = f" [rank {facts['rank']}]" if "rank" in facts else ""
        named = [f"{name} {facts[name]}" for name in ("job", "unit") if name in facts]
        end = f" ({', '.join(named)})" if named else ""
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        line = f"{clock} {record.levelname}{rank} {_cut(record.getMessage(), MOST_CHARACTERS)}{end}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is known beside the message: of a line that was passed on only what it said itself."""
    own = {name: getattr(record, name) for name in FACTS if hasattr(record, name) and name != "process"}
    if getattr(record, "passed_on", False):
        known = {"process": getattr(record, "said_by", "world"), "host": _who.get("host"), **own}
    else:
        known = {**_who, "pid": os.getpid(), **_about.get(), **own}
    return {name: known[name] for name in FACTS if known.get(name) is not None}


def pass_on(told: Mapping[str, Any]) -> None:
    """Log a line of another process of ours, as :func:`told_line` has read it, just as it was."""
    level = logging.getLevelNamesMapping().get(told["level"], logging.INFO)
    trace = f"\n{told['traceback']}" if "traceback" in told else ""
    facts = {name: told.get(name) for name in FACTS if name != "process"}
    facts["said_by"] = told.get("process")
    with suppress(ValueError):
        facts["created"] = datetime.fromisoformat(told["time"]).timestamp()
    _log_as_said(f"{told['message']}{trace}", level, facts)


def pass_on_words(words: str, *, rank: int | None = None) -> None:
    """Log what something that knows nothing of our lines printed, in rank ``rank`` where that is known."""
    _log_as_said(words, logging.INFO, {"rank": rank})


def _log_as_said(message: str, level: int, facts: Mapping[str, Any]) -> None:
    logger = logging.getLogger("tilework.passed_on")
    if not logger.isEnabledFor(level):
        return
    record = logging.LogRecord(logger.name, level, "", 0, message, None, None)
    for name, value in facts.items():
        if value is not None:
            setattr(record, name, value)
    record.passed_on = True
    logger.handle(record)


def told_line(line: str) -> dict[str, Any] | None:
    """A line as JsonLines wrote it; None for any other."""
    if not line.startswith('{"time": "'):
        return None
    try:
        told = json.loads(line)
    except ValueError:
        return None
    is_ours = all(isinstance(told.get(name), str) for name in ("time", "level", "message"))
    return told if is_ours else None


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} …"


class _ToStderr(logging.Handler):
    """Writes each line at once, by itself: no buffer is shared with a process that is forked from this one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
        except Exception:  # noqa: BLE001 - logging's own way with a record that cannot be rendered
            self.handleError(record)
            return
        # who hears nothing cannot be told that
        with suppress(OSError):
            os.write(2, line)
