"""Compiled parts of other sources are told, with what to do."""

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from splitbrain.harness.compiled import built_from, require_current
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.interner import columns_native

STALE = """
import sys, types
stamp = types.ModuleType("splitbrain.harness.build_stamp")
stamp.SOURCES = {"harness/columns_native.pyx": 1}
sys.modules[stamp.__name__] = stamp
from splitbrain.start import main
sys.argv = ["splitbrain", "check", sys.argv[1], "--model", "register"]
sys.exit(main())
"""


def test_a_source_that_is_another_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pyx").write_bytes(b"one")
    require_current({"a.pyx": zlib.crc32(b"one"), "gone.pyx": 5}, tmp_path)
    (tmp_path / "a.pyx").write_bytes(b"two")
    with pytest.raises(InfrastructureError, match=r"built from another a\.pyx than .* 'pip install -e \.'"):
        require_current({"a.pyx": zlib.crc32(b"one")}, tmp_path)


@pytest.mark.skipif(columns_native is None, reason="no compiled parts here")
def test_every_source_is_stamped() -> None:
    package = Path(str(sys.modules["splitbrain.harness.compiled"].__file__)).parent.parent
    rooms = {name.split("/")[0] for name in built_from()}
    there = {
        found.relative_to(package).as_posix()
        for room in rooms for found in (package / room).resolve().rglob("*.p[yx][xid]")
        for found in [package / room / found.relative_to((package / room).resolve())]
    }  # fmt: skip
    assert {name for name in there if not name.endswith(".pyi")} == set(built_from())


def test_the_command_line_says_it_in_one_sentence(tmp_path: Path) -> None:
    history = tmp_path / "history.txt"
    history.write_text("0 :invoke :read nil\n0 :ok :read 1\n")
    done = subprocess.run(
        [sys.executable, "-c", STALE, history], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 3
    assert "built from another harness/columns_native.pyx" in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
