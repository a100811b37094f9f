"""How objects of tiles become the parts of a result: few bytes are moved, and every part is large enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tilework.fleet.assembly import Piece, arranged
from tilework.fleet.bundles import Bundle, Place
from tilework.fleet.scratch import GAP_BYTES
from tilework.fleet.scratch import _Piece as Piece_
from tilework.fleet.scratch import _runs as runs_of
from tilework.jobs.in_memory import MemoryStore
from tilework.jobs.quotas import PART_BYTES

SIZES = st.lists(st.integers(1, 3 * PART_BYTES), max_size=12)


@given(st.integers(16, 3 * PART_BYTES), SIZES, st.lists(st.integers(1, PART_BYTES), min_size=1, max_size=5))
def test_every_part_but_the_last_is_large_enough_and_every_piece_lies_where_it_is_told(
    header: int, sizes: list[int], firsts: list[int]
) -> None:
    pieces = [Piece(f"piece {n}", size) for n, size in enumerate(sizes)]
    first = [Piece(f"first {n}", size) for n, size in enumerate(firsts)]
    plan = arranged(header, pieces, first)
    totals = [sum(piece.size for piece in part) for part in plan.parts]
    totals[0] += header + plan.padding
    assert all(total >= PART_BYTES for total in totals[:-1])
    position = header
    for number, part in enumerate(plan.parts):
        for piece in part:
            assert plan.offsets[piece.key] == position
            position += piece.size
        position += 0 if number else plan.padding
    assert position == sum(totals)
    assert sorted(plan.offsets) == sorted(piece.key for piece in (*pieces, *first))
    in_order = [plan.offsets[piece.key] for piece in first]
    assert in_order == sorted(in_order)
    assert min(in_order) > max((plan.offsets[piece.key] for piece in pieces), default=0)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=30))
def test_a_bundle_tells_where_each_piece_lies_in_objects_that_are_large_enough(pieces: list[bytes]) -> None:
    store = MemoryStore("bundles")
    bundle = Bundle(store, str, 50)
    for piece in pieces:
        bundle.add(piece)
    bundle.close()
    read = [
        store.read(str(place.item), None, place.offset, place.offset + place.length)
        for place in bundle.places
    ]
    assert read == pieces
    assert bundle.sizes == [store.head(str(item)).size for item in range(len(bundle.sizes))]
    assert len(bundle.sizes) <= 1 or min(bundle.sizes) >= 50


def test_sets_that_lie_together_are_fetched_by_one_request_and_no_others() -> None:
    def piece(key: str, offset: int, length: int) -> Piece_:
        return Piece_(key, Place(0, offset, length), "set", f"{key} {offset}")

    pieces = [piece("a", 0, 10), piece("a", 10, 5), piece("a", 15 + GAP_BYTES, 5), piece("b", 20, 5)]
    far = piece("a", 21 + 2 * GAP_BYTES, 5)
    runs = runs_of([far, *reversed(pieces)])
    assert runs == [pieces[:3], [far], pieces[3:]]
