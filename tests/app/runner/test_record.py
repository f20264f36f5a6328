"""Records of the previous release, still read: its record, its result, its history."""

import shutil
from pathlib import Path

from splitbrain.results.folder import RunFolder

KEPT = Path(__file__).parents[2] / "data" / "runs" / "format-1"


def test_a_record_of_format_1_is_read_with_the_options_of_its_faults():
    record = RunFolder.open(KEPT).record()
    assert record.spec.target == "raft:reads=local" and record.spec.nemesis == "partition:topology=halves,kill"
    assert (record.faults, record.seed, record.env) == (("partition", "kill"), 2, "sim")
    assert record.spec.settings == {"operations_per_key": "200", "values": "3"} and record.options["reads"] == "local"
    assert record.spec.command().split()[:3] == ["splitbrain", "run", "raft:reads=local"]


def test_a_folder_of_format_1_is_checked_and_reported(splitbrain, tmp_path):
    folder = tmp_path / "kept"
    shutil.copytree(KEPT, folder)
    checked = splitbrain("check", folder, "--json")
    assert checked.code == 1 and checked.objects[0]["verdict"] == "invalid"
    assert splitbrain("report", folder).code == 0
    assert "partition:topology=halves" in (folder / "report.html").read_text()
