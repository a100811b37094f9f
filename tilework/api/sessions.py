"""Who is signed in where, kept in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tilework.api.failures import NotSignedInError
from tilework.api.http import Http, checked
from tilework.api.tokens import Tokens, renewed, revoke
from tilework.errors import ServiceError, UnwritableError
from tilework.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE: Final = "sign-ins.json"

MODE: Final = 0o600


def folder_of(environ: Mapping[str, str]) -> Path:
    """Where a user's settings lie (XDG Base Directory Specification)."""
    told = environ.get("XDG_CONFIG_HOME", "")
    base = Path(told) if told.startswith("/") else Path(environ.get("HOME", "~")).expanduser() / ".config"
    return base / "tilework"


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in, and the tokens that came of it."""

    sign_in: SignIn
    tokens: Tokens


class Sessions:
    """The sessions of one user, by the address of their API. Two programs that use it at once wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE

    def addresses(self) -> list[str]:
        """The APIs that the user is signed in to."""
        return sorted(self._read())

    def keep(self, address: str, session: Session) -> None:
        """Remember a session in place of what was there."""
        with self._locked():
            self._write({**self._read(), checked(address): session})

    def forget(self, address: str) -> bool:
        """End a session, there and here; whether there was one."""
        with self._locked():
            found = self._read()
            session = found.pop(checked(address), None)
            if session is None:
                return False
            self._write(found)
        # who cannot be reached forgets by itself in the end
        with contextlib.suppress(ServiceError):
            revoke(Http(session.sign_in.url), session.sign_in, session.tokens)
        return True

    def token(self, address: str) -> str:
        """A token that is good now, renewed if need be. Raises NotSignedInError where the session is over."""
        found = self._read().get(address)
        if found is None:
            return ""
        if not found.tokens.is_old:
            return found.tokens.access
        with self._locked():
            # somebody else may have renewed it, and then the old one is worth nothing
            found = self._read().get(address)
            if found is None:
                raise NotSignedInError("The sign-in is over.")
            if found.tokens.is_old:
                tokens = renewed(Http(found.sign_in.url), found.sign_in, found.tokens)
                found = Session(found.sign_in, tokens)
                self._write({**self._read(), address: found})
        return found.tokens.access

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        except OSError as error:
            raise UnwritableError(f"{self._folder} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> dict[str, Session]:
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            told = {}
        found = {}
        for address, each in told.items() if isinstance(told, dict) else ():
            # what cannot be understood signs nobody in, and is gone with the next sign-in; the others stay
            with contextlib.suppress(TypeError, KeyError):
                found[address] = _session(each)
        return found

    def _write(self, sessions: Mapping[str, Session]) -> None:
        partial = self._path.with_suffix(f".{os.getpid()}")
        told = {address: asdict(session) for address, session in sessions.items()}
        try:
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(told, file, indent=1)
            partial.replace(self._path)
        except OSError as error:
            raise UnwritableError(f"{self._path} cannot be written: {error.strerror}.") from error


def _session(told: dict[str, Any]) -> Session:
    return Session(SignIn(**told["sign_in"]), Tokens(**told["tokens"]))
