"""The stream of drops: one after the other, some a second, as long as what waits does not pile up."""

from __future__ import annotations

import threading
from random import Random
from typing import TYPE_CHECKING

from tilework.jobs.job import Ask, Drop

if TYPE_CHECKING:
    from tests.chaos.corpus import Corpus, Specimen
    from tests.chaos.ledger import Ledger
    from tilework.jobs.system import System

PAUSE_SECONDS = 0.3
"""Between two drops, on the average."""

MOST_WAITING = 40
"""Messages of jobs beyond which nothing is dropped: chaos is wanted, not a heap."""

MOST_UNITS = 30
"""Messages of units beyond which no large image is dropped."""

LOOK_EVERY = 8
"""Drops after which the queue is looked at."""

SAME_KEY_SHARE = 0.05
"""Of drops that put another version of the key before."""


class Stream:
    """A thread that drops until it is stopped. It speaks to the services themselves, so that a drop is never in doubt."""

    def __init__(self, system: System, corpus: Corpus, ledger: Ledger, seed: str) -> None:
        self._system = system
        self._corpus = corpus
        self._ledger = ledger
        self._random = Random(f"{seed}/drops")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self.fault: BaseException | None = None

    def start(self) -> None:
        """Begin to drop."""
        self._thread.start()

    def stop(self) -> None:
        """Drop nothing more; raise what ended it early, if anything did."""
        self._stopping.set()
        self._thread.join()
        if self.fault is not None:
            raise self.fault

    def _run(self) -> None:
        number, key = 0, ""
        try:
            while not self._stopping.wait(self._random.expovariate(1 / PAUSE_SECONDS)):
                specimen, pipeline = self._corpus.draw(self._random)
                if self._random.random() > SAME_KEY_SHARE or not key.endswith(specimen.suffix):
                    key = f"chaos/{specimen.name}/{number:05} ü+&{specimen.suffix}"
                number += 1
                if not specimen.large or self._system.units.backlog().total <= MOST_UNITS:
                    self._drop(key, specimen, pipeline)
                while number % LOOK_EVERY == 0 and self._is_behind() and not self._stopping.wait(0.5):
                    pass
        except BaseException as error:  # noqa: BLE001 - it is told by whoever stops it
            self.fault = error

    def _drop(self, key: str, specimen: Specimen, pipeline: str) -> None:
        entry = self._ledger.write(key, pipeline, specimen)
        inputs = self._system.inputs
        metadata = {"pipeline": pipeline}
        version = inputs.put(key, specimen.body, metadata=metadata, content_type="application/octet-stream")
        entry.version = version
        entry.job = Ask(Drop(inputs.bucket, key, version)).job_id

    def _is_behind(self) -> bool:
        return self._system.jobs.backlog().total > MOST_WAITING
