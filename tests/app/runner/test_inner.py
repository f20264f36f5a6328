"""The process of a run: an interrupt while it begins is no traceback, as it loads little before it can tell."""

import subprocess
import sys

import pytest

LOADED = "import sys, splitbrain.runner.inner; print(*(name for name in sys.modules if name.partition('.')[0] in {}))"


def test_little_is_loaded_before_an_interrupt_is_told_as_one() -> None:
    words = [sys.executable, "-c", LOADED.format(("splitbrain", "msgspec", "asyncio"))]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert "splitbrain.runner.inner" in loaded
    assert not {"msgspec", "asyncio", "splitbrain.runner.execute", "splitbrain.runner.plan"} & set(loaded), loaded


@pytest.mark.parametrize("module", ["splitbrain.runner.execute", "splitbrain.runner.plan"])
def test_an_interrupt_while_the_rest_is_loaded_is_told(module: str) -> None:
    script = f"""import sys, signal, os
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from splitbrain.runner.inner import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], input="{}", capture_output=True, text=True, check=False)
    assert done.stdout == '{"kind":"interrupted","value":null}\n' and "Traceback" not in done.stderr
