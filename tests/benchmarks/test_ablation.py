"""Ablation: every engine can be switched off, which changes no verdict, and is on again afterwards."""

from pathlib import Path

import ablation
import page
import pytest
from ablation import ENGINES, AblationCase, Engine, table
from rows import common

from splitbrain.checkers.porcupine import kernel

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")


@pytest.fixture(scope="module")
def cases() -> list[AblationCase]:
    return [*ablation.collections(2), *ablation.known_answers(ablation.ROOT / "tests" / "data" / "reports", "reports")]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_no_engine_changes_a_verdict(engine: Engine, cases: list[AblationCase]) -> None:
    tried = 0
    limits = common.budget(2.0)
    for case in cases[::2]:
        model = engine.model(case.model)
        if model is None:
            continue
        tried += 1
        with engine.off():
            without = common.value(model, case.history, limits)
        assert {without, common.value(case.model, case.history, limits)} != {"valid", "invalid"}, case.name
    assert tried


def test_a_group_is_listed_where_an_engine_matters_or_decides() -> None:
    engine = Engine("x", "an engine")
    rows = table(
        engine, {"same": [(1.0, "valid", "valid")], "slow": [(3.0, "valid", "valid"), (1.0, "valid", "valid")]}
    )
    assert list(rows) == ["| `x` | an engine | slow | 2 | 1.73 | 3 | 0, 0 |"]
    assert list(table(engine, {"lost": [(1.0, "unknown", "valid")]})) == [
        "| `x` | an engine | lost | 1 | 1.00 | 1 | 1, 0 |"
    ]
    assert list(table(engine, {"same": [(1.0, "valid", "valid")]})) == ["| `x` | an engine | – | 1 | 1 | 1 | – |"]


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("<!-- ablation: begin -->\nold\n<!-- ablation: end -->\n")
    page.replace(file, ablation.MARK, ["new"])
    assert file.read_text() == "<!-- ablation: begin -->\nnew\n<!-- ablation: end -->\n"
    with pytest.raises(ValueError, match="has no <!-- figures: begin"):
        page.replace(file, page.MARK, [])
