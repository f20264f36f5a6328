"""Ablation: every engine can be switched off, which changes no verdict, and is on again afterwards."""

from pathlib import Path

import ablation
import ablation_cases as kinds
import page
import pytest
from ablation import ENGINES, CaseWorth, Engine, EngineWorth, by_engine, by_group
from ablation_cases import AblationCase
from rows import common

from splitbrain.checkers.porcupine import MODELS, kernel
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")


@pytest.fixture(scope="module")
def cases() -> list[AblationCase]:
    short = kinds.collections("", 2, 60, 5)
    return [*short, *kinds.known_answers(kinds.ROOT / "tests" / "data" / "reports", "reports")]


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


def worth(*found: tuple[str, float, float, str, str]) -> EngineWorth:
    """The worth of an engine that was switched off for these: group, ratio, seconds, what was said without it, and with
    it."""
    made = EngineWorth(Engine("x", "an engine"))
    for group, ratio, seconds, told, verdict in found:
        case = AblationCase(group, "a case", MODELS["register"].make(), History())
        made.groups[group].append(CaseWorth(case, ratio, seconds, told, verdict))
    return made


def test_an_engine_pays_where_a_group_or_a_long_case_takes_twice_the_time_or_is_undecided() -> None:
    assert worth(("a", 2.1, 1e-5, "valid", "valid")).pays()
    assert worth(("a", 2.1, 0.1, "valid", "valid"), ("a", 0.9, 0.1, "valid", "valid")).pays()
    assert worth(("a", 1.0, 0.1, "unknown", "valid")).pays()
    assert not worth(("a", 2.1, 1e-5, "valid", "valid"), ("a", 0.9, 1e-5, "valid", "valid")).pays()
    assert not worth(("a", 1.9, 0.1, "valid", "valid")).pays()
    assert not worth(("a", 1.0, 0.1, "unknown", "unknown")).pays()
    assert not worth(("a", 1.0, 0.1, "valid", "unknown")).pays()


def test_an_engine_has_a_line_with_the_groups_it_pays_and_costs_most() -> None:
    some = worth(
        ("slow", 3.0, 0.1, "valid", "valid"), ("slow", 1.0, 0.1, "valid", "valid"),
        ("quick", 0.5, 0.1, "unknown", "valid"),
    )  # fmt: skip
    *_, line = by_engine([some])
    assert line == "| `x` | an engine | 3 | slow | 1.73 | 3 (slow, a case) | quick | 0.50 | 1, 0 | yes |"
    *_, line = by_engine([worth(("same", 1.0, 0.1, "valid", "valid"))])
    assert line == "| `x` | an engine | 1 | same | 1.00 | 1 (same, a case) | – | – | 0, 0 | **no** |"


def test_a_group_is_listed_where_an_engine_matters_or_decides() -> None:
    same, slow, lost = ("same", 1.0), ("slow", 3.0), ("lost", 1.0)
    *_, first, last = by_group(
        [worth((*same, 1, "valid", "valid"), (*slow, 1, "valid", "valid"), (*lost, 1, "unknown", "valid"))]
    )
    assert first == "| `x` | an engine | slow | 1 | 3.00 | 3 | 3 | 0, 0 |"
    assert last == "| `x` | an engine | lost | 1 | 1.00 | 1 | 1 | 1, 0 |"
    *_, line = by_group([worth((*same, 1, "valid", "valid"))])
    assert line == "| `x` | an engine | – | 1 | 1 | 1 | 1 | – |"


def test_a_run_that_is_cut_short_has_seen_every_group() -> None:
    model = MODELS["register"].make()
    cases = [AblationCase(group, name, model, History()) for group, name in ("a1", "a2", "a3", "b1", "b2", "c1")]
    assert [case.group + case.name for case in ablation.in_turns(cases)] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_what_an_engine_is_worth_is_measured_against_the_same_turns(cases: list[AblationCase]) -> None:
    of_queues = [case for case in cases if case.group == "fifo-queue"]
    engines = [engine for engine in ENGINES if engine.name in ("bfs", "queue")]
    found = ablation.compared(of_queues[0], engines, Budget())
    assert [(one.case, one.told) for one in found] == [(of_queues[0], found[0].verdict)] * 2
    assert all(one.ratio > 0 < one.seconds for one in found)


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("<!-- ablation: begin -->\nold\n<!-- ablation: end -->\n")
    page.replace(file, ablation.MARK, ["new"])
    assert file.read_text() == "<!-- ablation: begin -->\nnew\n<!-- ablation: end -->\n"
    with pytest.raises(ValueError, match="has no <!-- figures: begin"):
        page.replace(file, page.MARK, [])


def test_a_monitor_with_settings_is_called_by_its_module() -> None:
    names = {engine.name for engine in ENGINES}
    assert {"revision_order", "counter_reads", "whole_reads", "repeating_queue"} <= names
    assert "functools" not in names


def test_the_rows_of_other_engines_stay_on_the_page(tmp_path: Path) -> None:
    path, limits = tmp_path / "page.md", Budget(configurations=50_000)
    path.write_text("<!-- ablation: begin -->\n<!-- ablation: end -->\n")
    head = ["| off | what |", "|---|---|"]
    ablation.write(path, limits, [*head, "| `stack` | old |", "| `dfs` | old |"])
    ablation.write(path, limits, [*head, "| `stack` | new |", "| `queue` | new |"])
    rows = [line for line in page.current(path, ablation.MARK) if line.startswith("| `")]
    assert rows == ["| `dfs` | old |", "| `queue` | new |", "| `stack` | new |"]
    with pytest.raises(ValueError, match="had other limits"):
        ablation.write(path, Budget(configurations=7), [*head, "| `stack` | new |"])
