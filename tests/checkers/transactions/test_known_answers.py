"""Histories with known answers, of tests/data/transactions: anomalies, weakest models refuted, strongest allowed.

Of recorded runs of a real server the file says less than can be shown: there the answer must be as strong.
"""

import csv
from pathlib import Path

import pytest

from splitbrain.checkers.lattice import implies, refuted_by, stronger, weaker
from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.checkers.transactions.judgement import transaction_models
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.verdict import Validity

DATA = Path(__file__).resolve().parents[2] / "data" / "transactions"
ROWS = list(csv.DictReader((DATA / "expected.tsv").open(encoding="utf-8"), delimiter="\t"))


def names(cell: str) -> list[str]:
    return [] if cell == "-" else cell.split(",")


@pytest.mark.parametrize("row", ROWS, ids=[row["file"].partition(".")[0] for row in ROWS])
def test_answer_is_the_known_one(row: dict[str, str]) -> None:
    history = read(DATA / row["file"])
    verdict = TransactionCheck(row["workload"]).check(history, Budget())
    found = verdict.details
    recorded = row["file"].startswith("recorded")
    assert found["anomalies"] == names(row["anomalies"])
    assert sorted(found["weakest_refuted"]) == names(row["refuted"])
    assert found["undecided"] == {}
    if recorded:
        assert all(any(implies(strong, model) for strong in found["strongest"]) for model in names(row["allowed"]))
    else:
        assert sorted(found["strongest"]) == names(row["allowed"])
    refuted = set(found["refuted"])
    assert verdict.value is (Validity.INVALID if "strict-serializable" in refuted else Validity.VALID)
    parts = [refuted, set(found["allowed"]), set(found["not_judged"])]
    assert sorted(model for part in parts for model in part) == sorted(transaction_models())
    assert refuted_by(found["anomalies"]) & set(transaction_models()) <= refuted
    for model in refuted:
        assert stronger(model) & set(transaction_models()) <= refuted
    for model in found["allowed"]:
        assert not weaker(model) & refuted
    if verdict.value is Validity.INVALID:
        assert verdict.witness is not None and verdict.witness.events
    else:
        assert verdict.certificate is not None


@pytest.mark.parametrize("row", ROWS[::8], ids=[row["file"].partition(".")[0] for row in ROWS[::8]])
def test_verdict_is_that_of_the_level_asked_for(row: dict[str, str]) -> None:
    history = read(DATA / row["file"])
    found = TransactionCheck(row["workload"]).check(history, Budget()).details
    for model in transaction_models():
        verdict = TransactionCheck(row["workload"], model).check(history, Budget())
        expected = dict.fromkeys(found["refuted"], Validity.INVALID) | dict.fromkeys(found["allowed"], Validity.VALID)
        assert verdict.value is expected.get(model, Validity.UNKNOWN), model
        assert verdict.model == model and verdict.reason
