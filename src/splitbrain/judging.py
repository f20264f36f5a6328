"""Who judges a history? The checkers of a workload, or one model; the answers of several become one.

The trap: a checker that crashes. It says `unknown`, with the reason; it never passes and never takes the others down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain import registry
from splitbrain.harness.budget import Budget
from splitbrain.harness.checker import Checker
from splitbrain.harness.errors import SplitbrainError, UsageError
from splitbrain.harness.history import History
from splitbrain.harness.options import Setting, settle
from splitbrain.harness.verdict import Validity, Verdict, unknown


@dataclass(frozen=True)
class Judge:
    """One or several checkers under one name.

    name: the workload or the model, as in the result. checkers: at least one.
    """

    name: str
    checkers: Sequence[Checker]

    @staticmethod
    def of_model(name: str, given: Mapping[str, str]) -> "Judge":
        """The judge of `--model`; UsageError if there is no such model or option."""
        models = registry.models()
        if name not in models:
            raise UsageError(f"there is no model {name!r}; there are {', '.join(models)}")
        entry = models[name]
        return Judge(name, (entry.make(settle(entry.options, given, f"model {name}")),))

    @staticmethod
    def of_workload(name: str, settings: Mapping[str, Setting]) -> "Judge":
        """The checkers that a workload names."""
        return Judge(name, registry.workload(name).checkers(settings))

    def verdict(self, history: History, budget: Budget) -> Verdict:
        """The combined verdict; a single checker's stands as it is."""
        return combined(self.name, [_careful(checker, history, budget) for checker in self.checkers])


def combined(name: str, verdicts: Sequence[Verdict]) -> Verdict:
    """Several verdicts as one, the first of the worst giving the reason; a single one as it is."""
    if len(verdicts) == 1:
        return verdicts[0]
    value = Validity.worst(verdict.value for verdict in verdicts)
    decisive = next(verdict for verdict in verdicts if verdict.value is value)
    return Verdict(value, decisive.reason, name, children=tuple(verdicts), witness=decisive.witness)


def _careful(checker: Checker, history: History, budget: Budget) -> Verdict:
    try:
        return checker.check(history, budget)
    except SplitbrainError:
        raise
    except MemoryError:
        return unknown(checker.name, "the check ran out of memory")
    except Exception as error:  # noqa: BLE001 - a bug in a checker is no verdict about the system
        return unknown(checker.name, f"the checker failed: {type(error).__name__}: {error}")
