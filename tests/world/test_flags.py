"""What the command line and the environment of a world say."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tilework.world.flags import mpiexec_command, rank_command, rank_environment

DIRECTORY = Path("/srv/world")


def command(**changes: Any) -> list[str]:
    settings = {"ranks": 3, "directory": DIRECTORY, "as_root": False}
    return mpiexec_command("mpiexec", rank_command("python"), **settings | changes)


def test_a_world_has_one_rank_more_than_compute() -> None:
    arguments = command(ranks=3)
    assert arguments[arguments.index("-n") + 1] == "4"


def test_only_root_is_allowed_to_run_as_root() -> None:
    assert "--allow-run-as-root" in command(as_root=True)
    assert "--allow-run-as-root" not in command(as_root=False)


def test_shared_memory_and_temporary_files_lie_under_the_world_s_directory() -> None:
    arguments = command()
    assert arguments[arguments.index("btl_sm_backing_directory") + 1] == "/srv/world/shm"
    assert rank_environment({"TMPDIR": "/elsewhere"}, {}, [], DIRECTORY)["TMPDIR"] == "/srv/world/tmp"


def test_ranks_import_nothing_from_the_working_directory_that_was_not_asked_for() -> None:
    assert command()[-4:] == ["python", "-P", "-m", "worker_image.world"]


def test_ranks_import_what_their_starter_imports_after_what_the_caller_names() -> None:
    environment = rank_environment(
        {"PYTHONPATH": "/ignored: it is part of the import path already"},
        {"PYTHONPATH": "/mine"},
        ["/first", "", "/second"],
        DIRECTORY,
    )
    assert environment["PYTHONPATH"] == "/mine:/first:.:/second"


def test_a_rank_has_one_thread_unless_the_caller_says_otherwise() -> None:
    assert rank_environment({"OMP_NUM_THREADS": "8"}, {}, [], DIRECTORY)["OMP_NUM_THREADS"] == "1"
    assert rank_environment({}, {"OMP_NUM_THREADS": "2"}, [], DIRECTORY)["OMP_NUM_THREADS"] == "2"
    assert rank_environment({}, {}, [], DIRECTORY)["OPENBLAS_NUM_THREADS"] == "1"


def test_a_rank_keeps_the_memory_of_one_photo_for_the_next_and_gives_back_what_a_large_image_took() -> None:
    program = (
        "import numpy, psutil\n"
        "me = psutil.Process()\n"
        "def used():\n    return me.memory_info().rss >> 20\n"
        "before = used()\n"
        "photo = numpy.ones(48 << 20, numpy.uint8)\ndel photo\nkept = used() - before\n"
        "large = numpy.ones(512 << 20, numpy.uint8)\ndel large\nprint(kept, used() - before)"
    )
    environment = rank_environment(os.environ, {}, sys.path, DIRECTORY)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    kept, after = map(int, done.stdout.split())
    assert 40 <= kept <= 60
    assert after <= 140


def test_the_caller_s_variables_reach_the_ranks() -> None:
    environment = rank_environment({"A": "old", "B": "kept"}, {"A": "new"}, [], DIRECTORY)
    assert (environment["A"], environment["B"]) == ("new", "kept")
