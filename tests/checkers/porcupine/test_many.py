"""Do many histories at once get what each gets by itself?"""

from random import Random

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.history import History

from .small import FAMILIES, history


def test_values_and_verdicts_are_those_of_check() -> None:
    for name, family in FAMILIES.items():
        random = Random(name)
        histories = [History.of(history(family, random)) for _ in range(100)]
        verdicts = [porcupine.check(family.model, each, explain=False) for each in histories]
        assert porcupine.check_many(family.model, histories, explain=False) == verdicts
        assert porcupine.values_of(family.model, histories) == [verdict.value for verdict in verdicts]


def test_none_is_none() -> None:
    assert porcupine.check_many(MODELS["register"].make(), []) == []
    assert porcupine.values_of(MODELS["register"].make(), []) == []
