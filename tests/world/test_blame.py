"""Who is suspect after which death."""

import pytest

from tilework.world.blame import judge


def test_the_task_of_the_dead_rank_is_suspect_and_no_other() -> None:
    verdict = judge(139, {2: 1002}, {2: 17}, headless=False)
    assert verdict.suspects == {17}
    assert verdict.error(17).suspect
    assert not verdict.error(16).suspect
    assert verdict.error(16).signal == 11
    assert verdict.reason == "The MPI world died: rank 2 (pid 1002) was killed by signal 11 (SIGSEGV)."


def test_a_dead_rank_without_a_task_makes_nobody_suspect() -> None:
    assert judge(137, {2: 1002}, {}, headless=False).suspects == frozenset()


def test_ranks_that_died_together_are_suspect_together() -> None:
    assert judge(137, {1: 1001, 2: 1002}, {1: 5, 2: 6}, headless=True).suspects == {5, 6}


@pytest.mark.parametrize("code", [-9, -15, 1])
def test_nobody_is_suspect_when_mpiexec_was_ended_and_took_its_ranks_along(code: int) -> None:
    verdict = judge(code, {0: 1000, 1: 1001}, {1: 5}, headless=True)
    assert verdict.suspects == frozenset()
    assert "mpiexec was" in verdict.reason


def test_a_rank_that_exits_with_a_status_is_suspect_and_no_signal_is_named() -> None:
    verdict = judge(1, {1: 1001}, {1: 5}, headless=False)
    assert (verdict.suspects, verdict.signal) == ({5}, None)
    assert verdict.reason.endswith("exited with status 1.")


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    assert judge(-63, {}, {}, headless=False).reason.endswith("signal 63.")


def test_mpiexec_that_ends_by_itself_is_named() -> None:
    assert judge(213, {}, {}, headless=False).reason == "The MPI world died: mpiexec was killed by signal 85."
    assert judge(5, {}, {}, headless=False).reason == "The MPI world died: mpiexec exited with status 5."


def test_a_rank_killed_beyond_its_deadline_is_told_from_one_that_died() -> None:
    verdict = judge(137, {1: 1001, 2: 1002}, {1: 5, 2: 6}, headless=False, overdue={2: 30.0})
    assert verdict.reason == (
        "The MPI world died: rank 2 (pid 1002) was killed, being at work on one task for more than 30 s."
    )
    assert (verdict.error(6).suspect, verdict.error(6).overdue) == (True, True)
    assert (verdict.error(5).suspect, verdict.error(5).overdue) == (True, False)
    assert not verdict.error(4).suspect


def test_what_a_rank_was_at_when_it_died_is_told() -> None:
    verdict = judge(139, {2: 1002}, {2: 17}, headless=False, phases={2: "decode"})
    assert verdict.reason.endswith("rank 2 (pid 1002) was killed by signal 11 (SIGSEGV) while decoding.")
    verdict = judge(3, {2: 1002}, {2: 17}, headless=False, phases={2: "store"})
    assert verdict.reason.endswith("rank 2 (pid 1002) exited with status 3 while storing.")
    dead, phases = {1: 1001, 2: 1002, 3: 1003}, {1: "read", 2: "encode"}
    verdict = judge(137, dead, {1: 5, 2: 6}, headless=False, phases=phases)
    assert verdict.reason.endswith(
        "rank 1 (pid 1001) while reading and rank 2 (pid 1002) while encoding and rank 3 (pid 1003) were killed by "
        "signal 9 (SIGKILL)."
    )
    verdict = judge(137, {2: 1002}, {2: 6}, headless=False, overdue={2: 30.0}, phases={2: "kernels"})
    assert verdict.reason.endswith(
        "rank 2 (pid 1002) was killed while running the operations, being at work on one task for more than 30 s."
    )


def test_an_mpiexec_that_tells_nothing_in_time_leaves_the_dead_ranks_task_suspect() -> None:
    verdict = judge(None, {2: 1002}, {2: 17}, headless=False, phases={2: "decode"})
    assert verdict.suspects == {17}
    assert verdict.signal is None
    assert "rank 2 (pid 1002) ended in a way that mpiexec did not tell" in verdict.reason
