"""JUnit XML: read back by a library that knows the format, whatever the names and texts hold."""

import hypothesis.strategies as st
from hypothesis import given
from junitparser import Error, Failure, JUnitXml, Skipped

from splitbrain.results.junit import Case, junit

ANSWERS = {"failure": Failure, "error": Error, "skipped": Skipped}

OUTCOMES = st.sampled_from(["passed", "failure", "error", "skipped"])
CASES = st.builds(
    Case, st.text(min_size=1), st.text(min_size=1), OUTCOMES, st.floats(0, 1e6), message=st.text(), text=st.text()
)


@given(st.text(), st.lists(CASES, max_size=6))
def test_any_cases_are_read_back(suite, cases):
    (found,) = JUnitXml.fromstring(junit(suite, cases).encode())
    assert (found.tests, found.failures, found.errors, found.skipped) == (
        len(cases),
        *(sum(case.outcome == outcome for case in cases) for outcome in ANSWERS),
    )
    for case, read in zip(cases, found, strict=True):
        kinds = [type(result) for result in read.result]
        assert kinds == ([] if case.outcome == "passed" else [ANSWERS[case.outcome]])


def test_the_witness_is_the_text_of_a_failure():
    text = "n3 read 4\nyet 5 had been acknowledged <before>"
    (suite,) = JUnitXml.fromstring(junit("night", [Case("stale", "raft", "failure", 1.5, "stale read", text)]).encode())
    (case,) = suite
    (failure,) = case.result
    assert (case.name, case.classname, case.time) == ("stale", "raft", 1.5)
    assert (failure.message, failure.text) == ("stale read", text)
    assert suite.name == "night"
