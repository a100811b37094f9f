"""Two thousand files cut short or with bits flipped, through real ranks: each has an end, and the world lives on."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.flow.corpus import jpegs, others, pngs, tiffs
from tilework.cli.files import Errand
from tilework.cli.ranks import run_errand
from tilework.errors import ImageError
from tilework.imaging.limits import GIB, Limits
from tilework.imaging.pipeline import parse
from tilework.world import World

VARIANTS = 2_000
FLIPS = (1, 3, 20)
SECONDS_A_FILE = 60.0
LIMITS = Limits(decoder_seconds=5)

RIGHT_ENDS = {each.code for each in (ImageError, *ImageError.__subclasses__())} | {
    "too_slow",
    "out_of_memory",
}
"""What a broken file may end as, beside being taken; never a crash, and nothing that nobody has a name for."""


def broken(body: bytes, chance: random.Random) -> bytes:
    """``body`` cut at a random place, or with a few random bits flipped, in its header as often as behind it."""
    if chance.random() < 0.4:
        return body[: chance.randrange(1, len(body))]
    changed = bytearray(body)
    end = min(len(body), 300) if chance.random() < 0.5 else len(body)
    for _ in range(chance.choice(FLIPS)):
        changed[chance.randrange(end)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def test_two_thousand_broken_files_end_and_no_rank_dies_of_them(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 -- no secret
    valid = [*jpegs(), *pngs(), *tiffs(), *others()]
    errands = []
    for number in range(VARIANTS):
        specimen = valid[number % len(valid)]
        source = tmp_path / f"{number} {specimen.name}"
        source.write_bytes(broken(specimen.body, chance))
        errands.append(Errand(source, tmp_path / "results" / source.name))
    pipeline = parse("blur(3)")
    with World.start(
        ranks=2,
        directory=tmp_path / "world",
        initializer="tilework.cli.ranks:start_rank",
        initargs=("", LIMITS),
    ) as world:
        ranks = [psutil.Process(pid) for pid in world.pids[1:]]
        futures = [world.submit(run_errand, errand, pipeline, LIMITS) for errand in errands]
        ends: Counter[str] = Counter()
        deadline = time.monotonic() + SECONDS_A_FILE * 4
        for errand, future in zip(errands, futures, strict=True):
            outcome = future.result(max(1.0, deadline - time.monotonic()))
            code = "done" if outcome.error is None else outcome.error.code
            ends[code] += 1
            assert code == "done" or code in RIGHT_ENDS, (errand.source.name, code, outcome.error)
        assert world.alive
        assert all(rank.memory_info().rss < LIMITS.working_set + GIB // 2 for rank in ranks)
    assert ends.total() == VARIANTS
    assert ends["damaged"] > ends["done"] > 0
