"""Faults as they ended: the text of a schedule, of any length, in bounded memory."""

import sys
from pathlib import Path

import pytest

from splitbrain.harness.active_faults import EndedFault
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.fault import Plan
from splitbrain.harness.generator.schedule import ScheduledFault
from splitbrain.harness.injection import Kill
from splitbrain.nemeses.planned import PlannedFault
from splitbrain.runner import happened
from splitbrain.runner.happened import HappenedFaults
from splitbrain.runner.script import Script, ScriptedFault


def ended(second: int) -> EndedFault:
    plan = Plan({"nodes": ["n1"]}, (Kill(("n1",)),))
    slot = ScheduledFault(0, 1, PlannedFault("kill", "kill", ("one",), plan), "one")
    return EndedFault(slot, plan, second * 10**9, second * 10**9 + 5)


@pytest.mark.parametrize("held", [10, happened.HELD_BYTES])
def test_the_text_is_that_of_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(happened, "HELD_BYTES", held)
    faults = [ended(second) for second in range(50)]
    with HappenedFaults(tmp_path) as told:
        for fault in faults:
            told.add(fault)
        text = told.text()
    assert text == Script(tuple(map(ScriptedFault.of, faults))).to_toml()
    assert list(tmp_path.iterdir()) == []
    with HappenedFaults(tmp_path) as told:
        assert told.text() == Script().to_toml()


def test_many_faults_keep_no_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happened, "HELD_BYTES", 10)
    with HappenedFaults(tmp_path) as told:
        for second in range(2000):
            told.add(ended(second))
        before = sys.getallocatedblocks()
        for second in range(4000):
            told.add(ended(second))
        assert sys.getallocatedblocks() - before < 2000


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happened, "HELD_BYTES", 10)
    with HappenedFaults(tmp_path) as told, Path("/dev/full").open("w") as full:
        monkeypatch.setattr(told, "_file", full)
        with pytest.raises(InfrastructureError, match="the disk is full"):
            for second in range(1000):
                told.add(ended(second))
