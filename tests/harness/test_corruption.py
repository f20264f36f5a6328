"""Places where a disk is damaged."""

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.corruption import flips, shortened
from splitbrain.harness.injection import FlipBits, TruncateFile

EXTENTS = {"1.blk": 40, "2.blk": 0, "index": 900, "old/3.blk": 7}


@given(seed=st.integers(0, 1 << 32), bits=st.integers(1, 100))
def test_bits_flip_in_the_files_that_match_each_byte_once(seed: int, bits: int) -> None:
    found = flips(EXTENTS, "n1", FlipBits(("n1",), bits, seed, "*.blk"))
    places = {(flip.file, flip.byte) for flip in found}
    assert len(places) == len(found) == min(bits, 47)
    assert all(byte < EXTENTS[file] for file, byte in places)
    assert {file for file, _ in places} <= {"1.blk", "old/3.blk"}


@given(seed=st.integers(0, 1 << 32))
def test_one_of_the_files_that_match_loses_its_end(seed: int) -> None:
    found = shortened(EXTENTS, "n1", TruncateFile(("n1",), 10, seed, "*.blk"))
    assert found is not None
    assert found.file in ("1.blk", "old/3.blk")
    assert 1 <= found.cut <= 10 and found.length + found.cut == EXTENTS[found.file]


def test_nothing_is_damaged_where_nothing_matches() -> None:
    assert flips(EXTENTS, "n1", FlipBits(("n1",), 3, 1, "*.wal")) == []
    assert shortened(EXTENTS, "n1", TruncateFile(("n1",), 3, 1, "*.wal")) is None
    assert shortened(EXTENTS, "n1", TruncateFile(("n1",), 3, 1, "2.blk")) is None
