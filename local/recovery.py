"""What is done where the embedded AWS was not stopped cleanly: it has kept the objects, and nothing else.

A deploy over left-over buckets is rolled back. So the stack is deployed onto an empty data folder beside the old one,
saved by a clean stop, and its state then joined with the old objects, which stay where they are all the while: a crash
on the way changes nothing, and the next start does it again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from typing import TYPE_CHECKING, Final

from local.emulator import Data

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from local.settings import Places

log = logging.getLogger(__name__)

SIDECAR: Final = ".meta.json"
"""Beside each object the embedded AWS writes what else there is to know of it, after the object itself."""

VERSIONS: Final = ".versions"
"""Where it keeps the versions that later ones lie above: ``.versions/<account>/<bucket>/<version>/<key>``."""


def data(places: Places) -> Data:
    """Where the embedded AWS keeps what it knows."""
    return Data(state=places.emulator / "state", objects=places.emulator / "objects")


def fresh_data(places: Places) -> Data:
    """An empty folder to deploy onto, after a dirty stop."""
    fresh = places.emulator / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    return Data(state=fresh / "state", objects=fresh / "objects")


def join(places: Places, fresh: Data, kept: Collection[str]) -> None:
    """Give ``fresh``'s state the old objects of the buckets ``kept``; all other buckets are taken from ``fresh``."""
    ours = data(places)
    for bucket in _buckets(ours.objects):
        if bucket.name not in kept:
            shutil.rmtree(bucket)
    for bucket in _buckets(fresh.objects):
        if bucket.name not in kept:
            target = ours.objects / bucket.relative_to(fresh.objects)
            target.parent.mkdir(parents=True, exist_ok=True)
            bucket.rename(target)
    dropped = sum(_drop_unacknowledged(ours.objects, bucket) for bucket in _buckets(ours.objects))
    log.info("%d objects were only half written, and never acknowledged.", dropped)
    shutil.rmtree(ours.state, ignore_errors=True)
    # the last of all: with the state in place, the old data folder is whole again
    fresh.state.rename(ours.state)
    shutil.rmtree(fresh.objects.parent)


def _buckets(objects: Path) -> Iterator[Path]:
    """The folders of all buckets: ``<account>/<bucket>``."""
    accounts = objects.iterdir() if objects.is_dir() else iter(())
    for account in list(accounts):
        if account.name.isdigit() and account.is_dir():
            yield from [bucket for bucket in account.iterdir() if bucket.is_dir()]


def _drop_unacknowledged(objects: Path, bucket: Path) -> int:
    """Undo the writes that the kill has cut in two: an object newer than what is known of it; how many there were.

    Nobody was told that such an object is stored. What it was to replace comes back, where a version was kept.
    """
    undone = 0
    for path in [path for path in bucket.rglob("*") if path.is_file()]:
        sidecar = path.with_name(path.name + SIDECAR)
        if path.name.endswith(SIDECAR):
            continue
        if path.name.endswith(".tmp"):
            path.unlink()
        elif not sidecar.exists():
            undone += 1
            path.unlink()
        elif _is_other(path, sidecar):
            undone += 1
            _bring_back(objects, bucket, path, sidecar)
    return undone


def _known(sidecar: Path) -> dict[str, object]:
    try:
        known = json.loads(sidecar.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _is_other(path: Path, sidecar: Path) -> bool:
    """Whether the object was written over after its sidecar was: then its size is another, as a rule."""
    known = _known(sidecar)
    if known.get("is_delete_marker"):
        return False  # the version below it
    return path.stat().st_mtime_ns > sidecar.stat().st_mtime_ns and known.get("size") != path.stat().st_size


def _bring_back(objects: Path, bucket: Path, path: Path, sidecar: Path) -> None:
    version = str(_known(sidecar).get("version_id") or "null")
    kept = objects / VERSIONS / bucket.parent.name / bucket.name / version / path.relative_to(bucket)
    if kept.is_file():
        shutil.copyfile(kept, path)
        os.utime(path, ns=(0, sidecar.stat().st_mtime_ns))
    else:
        path.unlink()
        sidecar.unlink()
