"""Suggestions for names that do not exist."""

from splitbrain.harness.suggestion import did_you_mean


def test_what_there_is_follows_a_question_as_a_sentence_and_else_behind_a_semicolon() -> None:
    assert did_you_mean("rfat", ["raft", "paxos"], "there are 2") == ", did you mean raft? There are 2"
    assert did_you_mean("zzzz", ["raft", "paxos"], "there are 2") == "; there are 2"


def test_nothing_more_need_follow() -> None:
    assert did_you_mean("rfat", ["raft"]) == ", did you mean raft?"
    assert did_you_mean("zzzz", ["raft"]) == ""
