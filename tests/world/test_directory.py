"""What the folder of a world promises."""

from pathlib import Path

import pytest

from tilework.errors import SetupError
from tilework.world.directory import LOG_BYTES, WorldDirectory


def test_what_a_killed_world_left_is_removed_and_its_log_is_kept(tmp_path: Path) -> None:
    first = WorldDirectory(tmp_path / "world")
    with first.open_log() as log:
        log.write(b"from the first\n")
    (first.path / "shm" / "segment").write_bytes(b"left")
    (first.path / "slots").write_bytes(b"left")
    first._lock.close()  # as the kernel does for a killed process
    second = WorldDirectory(tmp_path / "world")
    assert sorted(path.name for path in second.path.rglob("*")) == ["lock", "shm", "tmp", "world.log"]
    second.close()
    assert sorted(path.name for path in second.path.iterdir()) == ["lock", "world.log"]


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    folder = WorldDirectory(tmp_path / "world")
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.close()


def test_only_this_world_s_last_lines_are_quoted(tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = WorldDirectory(tmp_path)
        with folder.open_log() as log:
            log.writelines(f"{name} {number}\n".encode() for number in range(100))
        lines = folder.log_tail().splitlines()
        assert lines[-1] == f"{name} 99"
        assert all(line.startswith(name) for line in lines)
        folder.close()


def test_a_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    (tmp_path / "world.log").write_bytes(bytes(LOG_BYTES + 1))
    folder = WorldDirectory(tmp_path)
    folder.open_log().close()
    assert folder.log_path.stat().st_size == 0
    folder.close()


def test_a_folder_that_cannot_be_made_is_a_failed_setup(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be used"):
        WorldDirectory(tmp_path / "file" / "world")
