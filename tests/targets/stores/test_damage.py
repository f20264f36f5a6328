"""Own stores on a disk that damaged synced data: a torn tail is cut; damage before it is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain import run
from splitbrain.results.result import RunStatus
from splitbrain.targets.stores.codec import damaged, frame, unframe
from splitbrain.targets.stores.journal import Journal

payloads = st.lists(st.binary(min_size=1, max_size=40), min_size=2, max_size=8)


@given(payloads, st.data())
def test_a_bit_flipped_before_the_last_record_is_refused(records: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(frame, records)))
    last = len(whole) - len(frame(records[-1]))
    place = data.draw(st.integers(0, last - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    _, good = unframe(bytes(whole))
    assert good < len(whole) and damaged(bytes(whole), good)
    with pytest.raises(SystemExit, match=f"damaged after byte {good}"):
        Journal().recover({"log": bytes(whole)})


@given(payloads, st.data())
def test_a_torn_tail_is_no_damage(records: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(frame, records))
    cut = data.draw(st.integers(0, len(whole)))
    torn = whole[:cut]
    kept, good = unframe(torn)
    assert not damaged(torn, good)
    assert Journal().recover({"log": torn})[0] == kept == records[: len(kept)]


@pytest.mark.parametrize("nemesis", ["bitflip", "corrupt", "stop", "powerloss", "kill:restarts=3", "enospc:how=fill"])
def test_raft_survives_what_it_can_notice(tmp_path, nemesis: str) -> None:
    result = run("raft", seed=1, nemesis=nemesis, time_limit=20.0, out=tmp_path).result
    assert result.status is RunStatus.VALID, result.reason
