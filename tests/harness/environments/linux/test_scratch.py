"""Removal of a whole scratch folder, with what a run that died has left mounted in it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux.scratch import clear


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="only root may mount")
def test_what_is_mounted_inside_is_unmounted(tmp_path: Path) -> None:
    folder, exec_in_node = tmp_path / "scratch", tmp_path / "scratch-beside"
    for place in (folder / "n1" / "data", exec_in_node):
        place.mkdir(parents=True)
    (exec_in_node / "file").write_text("stays")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder / "n1")], check=True)
    (folder / "n1" / "file").write_text("goes")
    clear(folder)
    assert not folder.exists()
    assert str(folder) + "/" not in Path("/proc/self/mountinfo").read_text()
    assert (exec_in_node / "file").read_text() == "stays"
