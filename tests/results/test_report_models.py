"""The lattice of models on the page of a spectrum."""

from pathlib import Path

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.lattice import lattice
from splitbrain.checkers.spectrum import SpectrumCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.results.report import render
from splitbrain.results.report.models import WIDTH, LatticeBox, ModelMark, drawing, rows
from splitbrain.results.result import Result

from ..checkers.weak.exhaustive import RegisterOperation, history_of

STALE = (
    RegisterOperation(0, True, 0, 1, 0, 1),
    RegisterOperation(0, True, 0, 2, 2, 3),
    RegisterOperation(1, False, 0, 1, 4, 5),
    RegisterOperation(1, False, 0, 2, 6, 7),
)


def test_models_stand_below_all_that_imply_them_with_what_came_of_them() -> None:
    verdict = SpectrumCheck().check(history_of(STALE), Budget())
    found = rows(verdict)
    assert [mark.name for mark in found[0]] == ["linearizable"]
    level = {mark.name: place for place, row in enumerate(found) for mark in row}
    standing = {mark.name: mark.standing for row in found for mark in row}
    assert level["sequential"] < level["causal-memory"] < level["causal-consistency"] < level["read-your-writes"]
    assert standing["linearizable"] == standing["safe"] == "refuted" and standing["sequential"] == "allowed"
    assert "returned what write" in next(mark.reason for row in found for mark in row if mark.name == "safe")


def test_other_verdicts_have_no_lattice() -> None:
    assert rows(None) == rows(Verdict(Validity.VALID, "fine", "linearizability")) == []


def test_the_page_has_it() -> None:
    history = history_of(STALE)
    verdict = SpectrumCheck().check(history, Budget())
    page = render(history, Result.of_history(history, "stale.jsonl", "spectrum", verdict))
    section = page.split('<section id="models">')[1].split("</section>")[0]
    assert section.count("<tr>") == 1 + sum(map(len, rows(verdict)))
    assert "✕ refuted" in section and "✓ allowed" in section


def test_the_drawing_has_each_model_once_and_lines_that_lead_down() -> None:
    levels = rows(SpectrumCheck().check(history_of(STALE), Budget()))
    found = drawing(levels)
    assert found is not None and drawing([]) is None
    marks = [mark for level in levels for mark in level]
    assert sorted(box.mark.name for box in found.boxes) == sorted(mark.name for mark in marks)
    spots = [(box.left, box.top) for box in found.boxes]
    assert all(abs(a - c) >= WIDTH or b != d for a, b in spots for c, d in spots if (a, b) != (c, d))
    assert all(0 <= left <= found.width - WIDTH and top <= found.height for left, top in spots)
    assert len(found.lines) == sum(len(mark.implies.split(", ")) for mark in marks if mark.implies != "")
    assert all(y1 < y2 for _, y1, _, y2, _ in found.lines)
    assert {style for *_, style in found.lines} >= {"invalid", "valid", ""}


def test_the_page_draws_how_stale_reads_were_over_time() -> None:
    history = history_of(STALE)
    verdict = SpectrumCheck().check(history, Budget())
    assert verdict.details["staleness"]["over_time"] == [[4, 1.0]]
    page = render(history, Result.of_history(history, "stale.jsonl", "spectrum", verdict))
    section = page.split("<h3>Staleness</h3>")[1]
    assert section.split('<path class="info" d="')[1].startswith("M563.4,100.0h0")
    assert "1 of 2 reads were stale, by 1 versions and 1.00 ms at most." in section
    fresh = history_of(STALE[:2] + STALE[3:])
    verdict = SpectrumCheck().check(fresh, Budget())
    assert "<h3>Staleness</h3>" not in render(fresh, Result.of_history(fresh, "f.jsonl", "spectrum", verdict))


def test_a_causal_cycle_is_drawn_with_what_leads_from_each_operation_to_the_next() -> None:
    """A process 1 that sees y, written after x, and then x as it was before."""
    ops = (
        RegisterOperation(0, True, 0, 1, 0, 1),
        RegisterOperation(0, True, 1, 1, 2, 3),
        RegisterOperation(1, False, 1, 1, 4, 5),
        RegisterOperation(1, False, 0, None, 6, 7),
    )
    history = history_of(ops)
    verdict = CATALOGUE["causal-consistency"].make().check(history, Budget())
    assert verdict.witness is not None
    assert verdict.witness.cycle == (
        (0, "came, in its session, before"),
        (2, "was seen by"),
        (4, "came, in its session, before"),
        (6, "returned the initial value, as if it came before"),
    )
    page = render(history, Result.of_history(history, "c.jsonl", "causal-consistency", verdict))
    figure = page.split('<figure class="cycle"')[1].split("</figure>")[0]
    assert figure.count("<li>") == 4 and figure.count("↓") == 3
    steps = [figure.index(f"<code>{text}</code>") for text in ("write 0 1", "write 1 1", "read 1 → 1", "read 0 → nil")]
    assert steps == sorted(steps)
    assert "the last returned the initial value, as if it came before the first: a cycle." in figure


def test_a_long_name_stands_on_two_lines_in_its_box() -> None:
    def lines(name: str) -> tuple[str, ...]:
        return LatticeBox(ModelMark(name, "allowed", "valid", "", ""), 0, 0).lines

    assert lines("serializable") == ("serializable",)
    assert lines("strong-session-parallel-snapshot-isolation") == ("strong-session-parallel-", "snapshot-isolation")
    assert max(len(line) for name in lattice().models for line in lines(name)) <= 24


def test_a_cycle_of_transactions_is_drawn_as_boxes_with_edges_by_kind() -> None:
    path = Path(__file__).parents[1] / "data" / "transactions" / "elle-21-wr-process.jsonl"
    history = read(path)
    verdict = CATALOGUE["list-append"].make().check(history, Budget())
    assert verdict.witness is not None
    assert verdict.witness.cycle == (
        (3, "wr: T0 read x = [1], the last of which T3 appended, so T0 came after T3"),
        (0, "wr: T1 read y = [1], the last of which T0 appended, so T1 came after T0"),
        (1, "session: T1 ended before T3 began, in one session"),
    )
    page = render(history, Result.of_history(history, path.name, "list-append", verdict))
    figure = page.split('<figure class="cycle"')[1].split("</figure>")[0]
    assert figure.count("<li>") == 3 and figure.count("↓") == 2
    boxes = [figure.index(f'<span class="step"><b>T{event}</b> <code>txn ') for event in (3, 0, 1)]
    assert boxes == sorted(boxes)
    assert figure.count('<b class="edge wr">wr</b>') == 3  # two edges, and what that means
    assert '↰ <b class="edge session">session</b> T1 ended before T3 began, in one session: a cycle.' in figure
    words = page.split('<figure class="cycle"')[0].count('<p class="words">')
    assert words == 1  # the anomaly; all else is in the picture


def test_a_witness_of_several_models_is_told_once() -> None:
    history = history_of(STALE)
    verdict = SpectrumCheck().check(history, Budget())
    page = render(history, Result.of_history(history, "stale.jsonl", "spectrum", verdict))
    assert "<b>safe; regular</b>: " in page or "safe; regular." in page
