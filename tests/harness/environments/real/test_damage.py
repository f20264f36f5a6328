"""Damage to real nodes' files, while everything else goes on."""

import asyncio
import contextlib
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from splitbrain.harness.environments.real import damage
from splitbrain.harness.environments.real.node_down import ActiveDamage
from splitbrain.harness.injection import FlipBits, TruncateFile

SECONDS = 10.0


def node(folder: Path) -> Any:
    """A node of one file, which is down as soon as it is told to."""
    (folder / "data").write_bytes(b"x" * 100)

    async def end() -> int:
        return 1

    return SimpleNamespace(name="n1", place=SimpleNamespace(folder=folder), holders=0, end=end)


@pytest.mark.parametrize("injection", [FlipBits(("n1",), bits=3, seed=5), TruncateFile(("n1",), bytes_max=5, seed=5)])
@pytest.mark.parametrize("cancelled", [False, True])
def test_all_else_goes_on_while_a_nodes_files_are_read_and_a_damage_is_not_given_up_halfway(
    injection: FlipBits | TruncateFile, cancelled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, goes_on = threading.Event(), threading.Event()
    extents, waited = damage.extents, []

    def slow(*arguments: Any) -> dict[str, int]:
        reading.set()
        waited.append(goes_on.wait(SECONDS if threading.current_thread() is not threading.main_thread() else 0))
        return extents(*arguments)

    monkeypatch.setattr(damage, "extents", slow)

    async def work() -> None:
        active = ActiveDamage([node(tmp_path)], injection, frozenset())
        task = asyncio.ensure_future(active.inject())
        while not reading.is_set():
            await asyncio.sleep(0.01)
        if cancelled:
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done(), "the node would start again while its files are changed"
        goes_on.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled() == cancelled

    asyncio.run(asyncio.wait_for(work(), 2 * SECONDS))
    assert waited == [True], "the loop went on meanwhile"
    assert (tmp_path / "data").read_bytes() != b"x" * 100
