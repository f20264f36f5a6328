"""The checkers of a history: those of a workload, or one model; their verdicts are merged into one.

A checker that crashes is `unknown`, with the reason: it never passes, and never takes the others down.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain import registry
from splitbrain.harness.budget import Budget
from splitbrain.harness.checker import Checker
from splitbrain.harness.errors import SplitbrainError
from splitbrain.harness.history import History
from splitbrain.harness.options import Setting, settle
from splitbrain.harness.verdict import Validity, Verdict, unknown
from splitbrain.results.result import Cost, Result
from splitbrain.runner.record import RunRecord


@dataclass(frozen=True)
class Judge:
    """One or several checkers under one name.

    name: the workload or the model, as in the result. checkers: at least one.
    """

    name: str
    checkers: Sequence[Checker]

    @staticmethod
    def of_model(name: str, given: Mapping[str, str]) -> "Judge":
        """The checker of `--model`; UsageError if there is no such model or option."""
        entry = registry.model(name)
        return Judge(entry.name, (entry.make(settle(entry.options, given, f"model {entry.name}")),))

    @staticmethod
    def of_workload(name: str, settings: Mapping[str, Setting]) -> "Judge":
        """The checkers that a workload names."""
        return Judge(name, registry.workload(name).checkers(settings))

    @staticmethod
    def of_record(record: RunRecord) -> "Judge":
        """The checkers of the workload of a recorded run."""
        workload = registry.workload(record.workload)
        known = {option.name for option in workload.options}
        given = {name: text for name, text in record.spec.settings.items() if name in known}
        return Judge.of_workload(record.workload, settle(workload.options, given, f"workload {record.workload}"))

    def verdict(self, history: History, budget: Budget) -> Verdict:
        """The combined verdict; a single checker's stands as it is."""
        return merge(self.name, [check_safely(checker, history, budget) for checker in self.checkers])


def merge(name: str, verdicts: Sequence[Verdict]) -> Verdict:
    """Several verdicts as one, the first of the worst giving the reason; a single one as it is."""
    if len(verdicts) == 1:
        return verdicts[0]
    value = Validity.worst(verdict.value for verdict in verdicts)
    decisive = next(verdict for verdict in verdicts if verdict.value is value)
    return Verdict(value, decisive.reason, name, children=tuple(verdicts), witness=decisive.witness)


def check_safely(checker: Checker, history: History, budget: Budget) -> Verdict:
    """The verdict of one checker; `unknown` if it crashes or runs out of memory. Errors meant for the user pass."""
    try:
        return checker.check(history, budget)
    except SplitbrainError:
        raise
    except MemoryError:
        return unknown(checker.name, "the check ran out of memory")
    except Exception as error:  # noqa: BLE001 - a bug in a checker is no verdict about the system
        return unknown(checker.name, f"the checker failed: {type(error).__name__}: {error}")


def check_history(history: History, name: str, judge: Judge, budget: Budget, reading: float | None = None) -> Result:
    """The result of checking a history that somebody recorded. reading: seconds that reading it took."""
    history.operations()
    began = time.perf_counter()
    verdict = judge.verdict(history, budget)
    return Result.of_history(history, name, judge.name, verdict, Cost(time.perf_counter() - began, reading))
