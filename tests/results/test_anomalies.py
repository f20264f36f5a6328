"""Meanings of the anomalies that a page names."""

from splitbrain.checkers.lattice import lattice
from splitbrain.results.report.anomalies import meanings


def test_an_anomaly_is_explained_once_after_the_one_it_is_like() -> None:
    found = meanings(("list-append/G-single-realtime", "set/lost"), ("G-single: T1 read y", "T1: appended", "read → 4"))
    known = lattice().anomalies
    assert found == [(name, known[name].definition) for name in ("G-single", "G-single-realtime")]


def test_an_english_word_in_a_sentence_is_no_name() -> None:
    assert meanings((), ("the internal state differs", "an internal: error")) == []
