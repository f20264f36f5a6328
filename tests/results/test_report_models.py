"""The lattice of models on the page of a spectrum."""

from splitbrain.checkers.spectrum import SpectrumCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.results.report import render
from splitbrain.results.report.models import rows
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
