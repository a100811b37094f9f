"""A turned image by windows: those of the upright image, whatever its orientation and format."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.imaging.samples import jpeg, noise, picture
from tests.imaging.tiffs import written
from tilework.imaging.formats import Format, open_reader, probe, row
from tilework.imaging.formats.table import ROWS
from tilework.imaging.formats.upright import UprightReader
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size, Window

SIDES = st.integers(1, 40)


@given(st.data(), st.integers(1, 8), SIDES, SIDES, st.sampled_from([1, 3, 4]))
def test_every_window_is_that_of_the_image_turned_upright(
    data: st.DataObject, orientation: int, width: int, height: int, channels: int
) -> None:
    array = noise(width, height, channels)
    file = written(
        array,
        photometric="minisblack" if channels == 1 else "rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        tile=(16, 16),
        extratags=[(274, "H", 1, orientation, True)],
    )
    reader = open_reader(BytesSource(file), probe(BytesSource(file), Limits()))
    assert reader is not None
    stored = picture(array if channels == 1 else array[:, :, [2, 1, 0, 3][:channels]])
    upright = stored.upright(orientation)
    assert (reader.size, reader.pixels) == (upright.size, upright.pixels)
    left = data.draw(st.integers(0, upright.size.width - 1))
    top = data.draw(st.integers(0, upright.size.height - 1))
    right = data.draw(st.integers(left + 1, upright.size.width))
    bottom = data.draw(st.integers(top + 1, upright.size.height))
    window = Window(left, top, right, bottom)
    part, place = reader.read(window), window.within(Window.whole(upright.size))
    assert np.array_equal(part.colour, upright.colour[place])
    if upright.alpha is not None:
        assert part.alpha is not None
        assert np.array_equal(part.alpha, upright.alpha[place])


def test_an_upright_image_is_read_without_turning() -> None:
    file = written(noise(20, 10, 1))
    assert not isinstance(open_reader(BytesSource(file), probe(BytesSource(file), Limits())), UprightReader)


def test_the_notes_of_a_turned_image_are_those_of_its_tiles() -> None:
    packed = written(noise(16, 16, 1), compression="packbits", extratags=[(274, "H", 1, 6, True)])
    reader = open_reader(BytesSource(packed), probe(BytesSource(packed), Limits()))
    assert reader is not None
    assert (reader.size, reader.notes()) == (Size(16, 16), ())


def test_the_table_tells_which_formats_are_read_by_windows() -> None:
    assert {each.format for each in ROWS if each.windowed is not None} == {Format.TIFF, Format.PNM}
    assert row(Format.JPEG).windowed is None
    data = jpeg(noise(20, 10))
    assert open_reader(BytesSource(data), probe(BytesSource(data), Limits())) is None
    plain = b"P2 2 1 255 7 8 "
    assert open_reader(BytesSource(plain), probe(BytesSource(plain), Limits())) is None
    binary = b"P5 2 1 255\n78"
    reader = open_reader(BytesSource(binary), probe(BytesSource(binary), Limits()))
    assert reader is not None
    assert reader.read(Window(1, 0, 2, 1)).colour.tolist() == [[ord("8")]]
