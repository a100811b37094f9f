from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilework.imaging.windows import Margin, Size, Window, tiles

sides = st.integers(1, 70)


@given(sides, sides, sides, sides)
def test_tiles_cover_every_pixel_exactly_once(width: int, height: int, across: int, down: int) -> None:
    count = np.zeros((height, width), np.uint8)
    whole = Window.whole(Size(width, height))
    for tile in tiles(Size(width, height), Size(across, down)):
        assert tile.width <= across
        assert tile.height <= down
        count[tile.within(whole)] += 1
    assert (count == 1).all()


def test_a_window_grows_by_its_margin_and_is_cut_at_the_true_edge() -> None:
    padded = Window(10, 0, 20, 5).padded(Margin(4, 3, 2, 1))
    assert padded == Window(6, -3, 22, 6)
    assert padded.clamped(Size(21, 6)) == Window(6, 0, 21, 6)


def test_a_window_on_a_grid_has_a_step_of_columns_where_the_image_has_them() -> None:
    step = Size(64, 8)
    assert Window(70, 9, 80, 10).on_grid(step, Size(300, 30)) == Window(64, 8, 128, 16)
    assert Window(258, 9, 260, 10).on_grid(step, Size(300, 30)) == Window(192, 8, 300, 16)
    assert Window(258, 9, 260, 10).on_grid(step, Size(320, 12)) == Window(256, 8, 320, 12)
    assert Window(3, 0, 5, 1).on_grid(step, Size(40, 30)) == Window(0, 0, 40, 8)
    assert Window(299, 3, 300, 4).on_grid(Size(1, 1), Size(300, 30)) == Window(299, 3, 300, 4)


def test_alignment_moves_corners_outwards_and_only_where_they_must() -> None:
    assert Window(-1, 3, 65, 7).aligned(Size(64, 2)) == Window(-64, 2, 128, 8)
    assert Window(64, 8, 128, 16).aligned(Size(64, 8)) == Window(64, 8, 128, 16)
    assert Window(-1, 3, 65, 7).aligned(Size(1, 1)) == Window(-1, 3, 65, 7)


def test_a_window_is_found_within_another_as_rows_and_columns() -> None:
    assert Window(12, 7, 15, 9).within(Window(10, 5, 20, 10)) == (slice(2, 4), slice(2, 5))


def test_a_window_outside_another_is_not_cut_silently() -> None:
    with pytest.raises(ValueError, match="not within"):
        Window(0, 0, 5, 5).within(Window(1, 0, 5, 5))


@pytest.mark.parametrize("corners", [(0, 0, 0, 5), (3, 0, 2, 5), (0, 5, 5, 5)])
def test_there_is_no_empty_window(corners: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="empty window"):
        Window(*corners)


def test_there_is_no_size_without_pixels() -> None:
    with pytest.raises(ValueError, match="holds no pixel"):
        Size(3, 0)
