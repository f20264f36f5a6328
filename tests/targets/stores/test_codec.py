"""Records on disk: whole or not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.targets.stores.codec import frame, unframe

RECORDS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@given(RECORDS)
def test_what_is_framed_comes_back(records: list[bytes]) -> None:
    data = b"".join(map(frame, records))
    assert unframe(data) == (records, len(data))


@given(RECORDS, st.integers(0, 400))
def test_a_cut_anywhere_leaves_the_whole_records_before_it(records: list[bytes], cut: int) -> None:
    data = b"".join(map(frame, records))[:cut]
    whole, good = unframe(data)
    assert whole == records[: len(whole)]
    assert b"".join(map(frame, whole)) == data[:good]
    if len(whole) < len(records):
        assert len(data) - good < len(frame(records[len(whole)]))


@given(st.binary(min_size=1, max_size=40), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(record: bytes, position: int, change: int) -> None:
    data = bytearray(frame(record))
    data[position % len(data)] ^= change
    assert unframe(bytes(data)) == ([], 0)


def test_a_hole_of_zeros_is_no_record() -> None:
    data = frame(b"x") + bytes(64)
    assert unframe(data) == ([b"x"], len(frame(b"x")))
    with pytest.raises(ValueError, match="hole"):
        frame(b"")
