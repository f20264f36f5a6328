"""Histories of the toy database of the benchmark, of the level that it says."""

import pytest
import transactions


@pytest.mark.parametrize(
    ("case", "anomalies"),
    [
        ("list-append/serial", []),
        ("rw-register/serial", []),
        ("rw-register/apart", []),
        ("list-append/snapshot", ["G2-item"]),
        ("rw-register/snapshot", ["G2-item"]),
    ],
)
def test_a_case_has_the_anomalies_of_its_level(case, anomalies, tmp_path):
    file = tmp_path / "history.jsonl"
    transactions.write(file, case, 300)
    found = transactions.measure(case, 300, file)
    assert found.anomalies == anomalies and found.undecided == 0
    assert found.verdict == ("invalid" if anomalies else "valid")
