"""Loss of a file's writes by a power loss: compared with a model that keeps both states whole."""

import os
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.harness.environments.linux.unsynced import BLOCK, Unsynced

# Around the borders of a few blocks.
places = st.integers(0, 3).flatmap(lambda block: st.integers(-3, 3).map(lambda near: max(0, block * BLOCK + near)))
steps = st.one_of(
    st.tuples(st.just("write"), places, st.integers(1, BLOCK + 10)),
    st.tuples(st.just("resize"), places, st.just(0)),
    st.tuples(st.just("erase"), places, st.integers(1, BLOCK + 10)),
    st.tuples(st.just("sync"), st.just(0), st.just(0)),
)


class ModelledFile:
    """A file as it is, and as it would be after a power loss."""

    def __init__(self, data: bytes) -> None:
        self.data = self.durable = data

    def write(self, data: bytes, offset: int) -> None:
        self.data = self.data[:offset].ljust(offset, b"\0") + data + self.data[offset + len(data) :]

    def resize(self, size: int) -> None:
        if size < len(self.data):
            self.durable = self.durable[:size]
        elif len(self.durable) == len(self.data):
            self.durable = self.durable.ljust(size, b"\0")
        self.data = self.data[:size].ljust(size, b"\0")


@settings(max_examples=300)
@given(st.integers(0, 3 * BLOCK), st.lists(steps, max_size=12))
def test_what_is_left_is_what_was_synced(size: int, plan: list[tuple[str, int, int]]) -> None:
    unsynced, model = Unsynced(), ModelledFile(bytes(i % 251 + 1 for i in range(size)))
    with tempfile.TemporaryFile(buffering=0) as opened:
        file = opened.fileno()
        os.pwrite(file, model.data, 0)
        for number, (step, place, length) in enumerate(plan):
            data = bytes([number + 1]) * length
            if step == "write":
                assert unsynced.write(file, data, place) == length
                model.write(data, place)
            elif step == "erase":
                length = max(0, min(length, len(model.data) - place))  # noqa: PLW2901 - a hole lies within the file
                unsynced.erase(file, place, length)
                os.pwrite(file, bytes(length), place)
                model.write(bytes(length), place) if length else None
            elif step == "resize":
                unsynced.resize(file, place)
                model.resize(place)
            else:
                unsynced.synced()
                model.durable = model.data
            assert os.pread(file, 1 << 20, 0) == model.data
        unsynced.lose(file)
        assert os.pread(file, 1 << 20, 0) == model.durable
        assert unsynced.clean and unsynced.writes == 0


def test_lost_writes_are_counted() -> None:
    unsynced = Unsynced()
    with tempfile.TemporaryFile(buffering=0) as opened:
        file = opened.fileno()
        unsynced.write(file, b"a", 0)
        unsynced.synced()
        assert unsynced.lose(file) == 0 and os.pread(file, 9, 0) == b"a"
        unsynced.write(file, b"b", 0)
        unsynced.write(file, b"c", 1)
        assert unsynced.lose(file) == 2 and os.pread(file, 9, 0) == b"a"
        assert unsynced.lose(file) == 0
