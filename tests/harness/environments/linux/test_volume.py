"""The process that serves a folder, which runs our code alone."""

import subprocess
from pathlib import Path

from splitbrain.harness.environments.linux import volume


def test_modules_of_the_working_folder_are_not_run(tmp_path: Path) -> None:
    for name in ("json", "ctypes", "splitbrain"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w').close()\n")
    # Without a folder to serve it ends at once, when all is imported.
    subprocess.run(volume.COMMAND, cwd=tmp_path, capture_output=True, timeout=200, check=False)
    assert not (tmp_path / "ran").exists()
