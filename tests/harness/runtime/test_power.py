"""Power switch of processes: who is switched off has ended, a note tells of it, and no other process is hit."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitbrain.harness.runtime.power import ProcessSwitch, switched_off

NODE = """
import sys, time
from pathlib import Path
from splitbrain.harness.runtime.power import ProcessSwitch
ProcessSwitch(Path(sys.argv[1])).attach("n2")
print("on", flush=True)
time.sleep(600)
"""


@pytest.fixture
def node(tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """A process that hangs on the switch as n2."""
    process = subprocess.Popen([sys.executable, "-c", NODE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None and process.stdout.readline() == "on\n"
        yield process
        process.kill()


def test_a_node_has_ended_when_the_switch_returns_and_the_note_is_read_once(
    node: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert not switched_off(tmp_path, "n2")
    ProcessSwitch(tmp_path).cycle("n2")
    assert node.wait(60) == -9
    assert switched_off(tmp_path, "n2")
    assert not switched_off(tmp_path, "n2")


def test_one_that_is_down_already_gets_no_note(node: "subprocess.Popen[str]", tmp_path: Path) -> None:
    node.kill()
    node.wait(60)
    ProcessSwitch(tmp_path).cycle("n2")
    ProcessSwitch(tmp_path).cycle("n3")
    assert not switched_off(tmp_path, "n2")


def test_a_process_that_got_the_number_of_a_dead_one_is_left_alone(
    node: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    (tmp_path / "n2").write_text(f"{node.pid} 1")
    ProcessSwitch(tmp_path).cycle("n2")
    assert node.poll() is None


def test_a_start_takes_the_note_of_the_last_end_away(node: "subprocess.Popen[str]", tmp_path: Path) -> None:
    ProcessSwitch(tmp_path).cycle("n2")
    ProcessSwitch(tmp_path).attach("n2")
    assert not switched_off(tmp_path, "n2")
