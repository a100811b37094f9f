"""Which file the result of a key goes to: a safe name below one folder, whatever the key is called.

A key is never joined to a path. It is taken apart at its slashes, each part becomes a name that every file system
takes, and where two results would meet in one file, or a file would be another one's folder, one of them gets a name
of its own. Two names meet where a file system may take them for one: in any case, in any normal form of Unicode.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tilework.imaging.plan import KINDS, ends_as
from tilework.imaging.result_kinds import suffix_of
from tilework.shown import is_harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Parts = tuple[str, ...]
"""A path below the folder: names of folders, then the file's."""

OWN = ".tilework-fetch"
"""Our own folder beside the results: what was fetched, and what is half there."""

NAME_BYTES = 200
"""Longest name, in bytes of UTF-8: file systems take 255, and a suffix or the digits of an id may follow."""

SHORT_ID = 8
"""Digits of a job's id that tell two results of one name apart."""

_FORBIDDEN = frozenset("/\\\0")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A result that wants a place: the key of its source, its job, and the suffix of what it is, such as ``.png``."""

    key: str
    job: str
    suffix: str


@dataclass(slots=True)
class Places:
    """The places below one folder. ``placed`` are those of earlier fetches by key, which stay as they are.

    ``in_the_way`` tells what lies on the disk already: "file", "folder" or nothing.
    """

    placed: Mapping[str, Parts]
    in_the_way: Callable[[Parts], str]
    _files: set[Parts] = field(default_factory=set)
    _folders: dict[Parts, Parts] = field(default_factory=dict)
    _folder_names: set[Parts] = field(default_factory=set)

    def assign(self, wanted: Iterable[Wanted], prefix: str) -> dict[str, Parts]:
        """A place for each, by key. Folders are those of the keys from the last slash of ``prefix`` on."""
        for parts in self.placed.values():
            self._take(parts)
        results = {one.key: one for one in wanted}
        start = prefix.rfind("/") + 1
        found = {key: self.placed[key] for key in results if key in self.placed}
        folders = {
            key: self._folder(tuple(key[start:].split("/")[:-1])) for key in results if key not in found
        }
        # a result whose name need not change has the first claim on it
        for plain in (True, False):
            for key, folder in folders.items():
                name = _name(key[start:].rsplit("/", 1)[-1])
                if ends_as(name, results[key].suffix) is plain:
                    found[key] = self._file(folder, name, results[key])
        return found

    def _folder(self, raw: Parts) -> Parts:
        """The folder for the folders of a key, made of names that are no file's."""
        if not raw:
            return ()
        if raw not in self._folders:
            above, name = self._folder(raw[:-1]), _name(raw[-1])
            if not above and _alike((name,)) == _alike((OWN,)):
                name += "_"
            while _alike((*above, name)) in self._files or self.in_the_way((*above, name)) == "file":
                name += "_"
            self._folders[raw] = (*above, name)
            self._folder_names.add(_alike((*above, name)))
        return self._folders[raw]

    def _file(self, folder: Parts, name: str, wanted: Wanted) -> Parts:
        short = name if ends_as(name, wanted.suffix) else _with_suffix(name, wanted.suffix)
        whole = name if ends_as(name, wanted.suffix) else name + wanted.suffix
        stem = whole[: len(whole) - len(suffix_of(whole))] or whole
        told_apart = f"{stem}-{wanted.job[:SHORT_ID]}"
        candidates = [short, whole, *(f"{told_apart}{more}{wanted.suffix}" for more in ("", "-2", "-3"))]
        candidates.append(f"{stem[:40]}-{wanted.job}{wanted.suffix}")
        number = 2
        while not self._is_free((*folder, candidates[0])):
            candidates.pop(0)
            if not candidates:
                candidates.append(f"{stem[:40]}-{wanted.job}-{number}{wanted.suffix}")
                number += 1
        self._take((*folder, candidates[0]))
        return (*folder, candidates[0])

    def _is_free(self, parts: Parts) -> bool:
        alike = _alike(parts)
        taken = alike in self._files or alike in self._folder_names or alike == _alike((OWN,))
        return not taken and not self.in_the_way(parts)

    def _take(self, parts: Parts) -> None:
        self._files.add(_alike(parts))
        for depth in range(1, len(parts)):
            self._folder_names.add(_alike(parts[:depth]))


def is_safe(parts: Parts) -> bool:
    """Whether ``parts`` can be joined to a folder without leaving it."""
    return bool(parts) and all(
        part not in {"", ".", ".."} and not _FORBIDDEN & set(part) and all(map(is_harmless, part))
        for part in parts
    )


def _name(raw: str) -> str:
    """A part of a key as a name: nothing invisible, no way up, not too long."""
    name = "".join(each if is_harmless(each) and each not in _FORBIDDEN else "_" for each in raw)
    if len(name.encode()) > NAME_BYTES:
        suffix = PurePosixPath(name).suffix
        kept = suffix if len(suffix.encode()) <= 16 else ""  # noqa: PLR2004 - what is longer is no suffix
        head = name.encode()[: NAME_BYTES - len(kept.encode())].decode("utf-8", "ignore")
        name = head + kept
    return f"_{name}" if name.strip(". ") == "" else name


def _alike(parts: Parts) -> Parts:
    """What a file system may take for the same path: case, normal forms and dots at the end make no difference."""
    return tuple(
        unicodedata.normalize("NFC", unicodedata.normalize("NFKD", part).casefold()).rstrip(". ")
        for part in parts
    )


def _with_suffix(name: str, suffix: str) -> str:
    known = PurePosixPath(name).suffix.lower() in KINDS
    return str(PurePosixPath(name).with_suffix(suffix)) if known else name + suffix
