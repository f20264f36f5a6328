"""Truth of the page on linearizability: its programs run, and what it names exists."""

import re
from pathlib import Path

from ablation import ENGINES
from rows import ROWS

from splitbrain import registry
from splitbrain.checkers import porcupine
from splitbrain.harness.histories import FORMATS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "linearizability.md").read_text()


def test_its_programs_run():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 3
    exec("\n".join(blocks), {})


def test_its_models_and_options_exist():
    models = registry.models()
    named = set(re.findall(r"--model ([\w-]+)", PAGE))
    assert named and named <= set(models)
    for name in ("multi-register", "mutex", "fifo-queue", "lin-set"):
        assert name in porcupine.MODELS
    assert {option.name for option in models["cas-register"].options} >= {"initial", "precondition"}
    assert set(re.findall(r"--format ([a-z]+)", PAGE)) <= set(FORMATS)


def test_its_figures_have_rows_and_its_files_are_there():
    assert set(re.findall(r"--only ([\w-]+)", PAGE)) <= {*ROWS, *(engine.name for engine in ENGINES)}
    links = re.findall(r"\]\((?!http)([^)#]+)\)", PAGE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    named = re.findall(r"`((?:checkers|benchmarks|harness)/[\w/.]+)`", PAGE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
