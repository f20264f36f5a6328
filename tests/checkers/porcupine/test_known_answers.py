"""Verdicts on logs of Porcupine and Knossos whose answers are published, where the logs are at hand."""

from pathlib import Path

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.catalogue import FORMER_NAMES
from splitbrain.harness.histories.read import read

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def cases() -> list[tuple[str, str, str]]:
    """(file, model, verdict) of every file about a single object."""
    table = DATA / "expected.tsv"
    if not table.exists():
        return []
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    named = [(file, FORMER_NAMES.get(model, model), verdict) for file, _, model, verdict in rows]
    return [(file, model, verdict) for file, model, verdict in named if model.split()[0] in porcupine.MODELS]


def test_the_verdict_of_every_known_file() -> None:
    if not DATA.exists():
        pytest.skip(f"no known answers: {DATA} does not exist")
    wrong = []
    for file, words, expected in cases():
        name, *options = [word for word in words.split() if not word.startswith("(") and "/" not in word][:2]
        settings = dict(option.split("=") for option in options if "=" in option)
        model = porcupine.MODELS[name].make(settings)
        history = read(DATA / file)
        verdict = porcupine.check(model, history)
        if verdict.value != expected:
            wrong.append((file, expected, verdict.reason))
        if verdict.certificate is not None:
            assert porcupine.objection(model, history, verdict.certificate) is None, file
    assert not wrong
    assert len(cases()) > 100
