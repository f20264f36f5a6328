"""Echoes that are what was sent, and others."""

from splitbrain.checkers.domain.echo import EchoCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read


def judged(tmp_path, *pairs):
    """The verdict on echoes: (sent, what came back)."""
    lines = [
        f'{{"process":0,"type":"{kind}","f":"echo","value":{value}}}'
        for sent, came in pairs
        for kind, value in (("invoke", sent), came)
    ]
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(lines))
    return EchoCheck().check(read(file), Budget())


def test_the_same_is_valid_and_another_type_is_not(tmp_path) -> None:
    assert judged(tmp_path, (1, ("ok", 1)), ('"a"', ("ok", '"a"'))).value == "valid"
    wrong = judged(tmp_path, (1, ("ok", 1)), (2, ("ok", '"2"')))
    assert wrong.value == "invalid"
    assert 'sent 2 and got "2" back' in wrong.reason
    assert wrong.witness.events == (2, 3)


def test_nothing_that_came_back_is_unknown(tmp_path) -> None:
    assert judged(tmp_path, (1, ("fail", 1))).value == "unknown"
