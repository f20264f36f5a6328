"""The checkers of a history: those of a workload, or one model; their verdicts are merged into one.

A checker that crashes is `unknown`, with the reason: it never passes, and never takes the others down.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from splitbrain import registry
from splitbrain.checkers.claims import PROPERTIES, decided, models_claimed, properties_claimed
from splitbrain.checkers.common.per_key import UNOBSERVED
from splitbrain.checkers.convergence.check import ConvergenceCheck
from splitbrain.checkers.lattice import implies, lattice
from splitbrain.checkers.linearizability import Linearizability
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.checker import Checker, ExplainingChecker
from splitbrain.harness.errors import SplitbrainError, UsageError
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.options import Setting, settle
from splitbrain.harness.signals import interrupts
from splitbrain.harness.verdict import Validity, Verdict, unknown
from splitbrain.results.result import Cost, Result
from splitbrain.runner.hints import hints
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import CLAIM
from splitbrain.workloads.workload import Workload

HINT_CONFIGURATIONS = 200_000
HINT_SECONDS = 10.0
JUDGES_OF = {"token": "owner-mutex, reentrant-lock and fencing", "revision": "versioned-register and versioned-kv"}
"""The models that judge what a completion carries beside its value."""


@dataclass(frozen=True)
class Judge:
    """One or several checkers under one name.

    name: the workload or the model, as in the result. checkers: at least one. given: the settings of a model that a
    recorded history is judged by. workload: whose own checkers these are. of_claims: whether each judges a claim of its
    own, so that one which nothing could have refuted says nothing of the others.
    """

    name: str
    checkers: Sequence[Checker]
    given: Mapping[str, str] | None = None
    workload: Workload | None = None
    of_claims: bool = False

    @property
    def settle_s(self) -> float | None:
        """Seconds that copies must have had to settle before final reads tell these checkers something; None if no
        model that was chosen asks for that. A workload whose own checkers do has such reads of its own."""
        settles = [checker.settle for checker in self.checkers if isinstance(checker, ConvergenceCheck)]
        return max(settles) / 1000 if settles and self.workload is None else None

    @staticmethod
    def of_model(name: str, given: Mapping[str, str]) -> "Judge":
        """The checker of `--model`; UsageError if there is no such model or option."""
        entry = registry.model(name)
        return Judge(entry.name, (entry.make(settle(entry.options, given, f"model {entry.name}")),), given)

    @staticmethod
    def of_run(
        workload: Workload, settings: Mapping[str, Setting], model: str | None, claims: Sequence[str]
    ) -> "Judge":
        """The judges of a run. model: what `--model` says. claims: of the target. UsageError if the model does not
        exist or cannot judge what the workload does."""
        if model is None:
            return Judge(workload.name, workload.checkers(settings), workload=workload)
        if model == CLAIM:
            return _of_claims(workload, settings, claims)
        name, _, options = model.partition(":")
        judge = Judge.of_model(name, registry.assignments(options, f"--model {model}"))
        return replace(judge, given=None)

    @staticmethod
    def of_record(record: RunRecord, claims: Sequence[str] = ()) -> "Judge":
        """The judge of a recorded run. claims: what its target claimed, for a run that was judged by that."""
        workload = registry.workload(record.workload)
        known = {option.name for option in workload.options}
        given = {name: text for name, text in record.spec.settings.items() if name in known}
        settings = settle(workload.options, given, f"workload {record.workload}")
        return Judge.of_run(workload, settings, record.spec.model, claims)

    def must_know(self, workload: Workload) -> None:
        """UsageError for an operation of the workload that these checkers do not know."""
        calls = [
            Event(index=0, time=0, process=place, type="fail" if later else "invoke", f=f)
            for place, f in enumerate(workload.operations)
            for later in (0, 1)
        ]
        probe = History.of(calls)
        for checker in self.checkers:
            try:
                checker.check(probe, Budget())
            except UsageError as error:
                raise UsageError(
                    f"--model {self.name} cannot judge workload {workload.name}: {error}; choose --workload too"
                ) from None

    def decided(self, verdicts: Sequence[Verdict]) -> Mapping[str, Validity]:
        """The verdicts on models of the lattice that these checkers give."""
        found: dict[str, Validity] = {}
        for verdict in verdicts:
            found |= decided(verdict)
        workload = self.workload
        if workload is not None and workload.model is not None:
            value = Validity.worst(verdict.value for verdict in verdicts)
            if workload.decides or value is not Validity.VALID:
                found[workload.model] = value
        return found

    def verdict(self, history: History, budget: Budget) -> Verdict:
        """The combined verdict; a single checker's stands as it is."""
        return merge(self.name, self.verdicts(history, budget))

    def verdicts(self, history: History, budget: Budget) -> Sequence[Verdict]:
        """The verdict of each checker; of several claims without those that nothing could have refuted, unless all are
        such."""
        found = [check_safely(checker, history, budget) for checker in self.checkers]
        observed = [verdict for verdict in found if UNOBSERVED not in verdict.details]
        return observed or found if self.of_claims else found

    @cached_property
    def explaining(self) -> ExplainingChecker | None:
        """The only checker, if its witness can be asked for apart from its verdict."""
        checker = self.checkers[0]
        return checker if len(self.checkers) == 1 and isinstance(checker, ExplainingChecker) else None

    def decide(self, history: History, spending: BudgetMeter) -> Verdict:
        """The verdict, see `verdict`, but a checker that can give its witness later leaves it out: `explain` adds
        it."""
        checker = self.explaining
        if checker is not None:
            return safely(checker.name, lambda: checker.decide(history, spending))
        return self.verdict(history, spending.budget)

    def explain(self, history: History, verdict: Verdict, spending: BudgetMeter) -> Verdict:
        """A verdict of `decide` with its witness, and with hints where a foreign history may lack an option."""
        if verdict.value is not Validity.INVALID:
            return verdict
        checker = self.explaining
        if checker is not None:
            explained = safely(checker.name, lambda: checker.explain(history, verdict, spending.left()))
            if explained.value is Validity.INVALID:
                verdict = explained
            else:
                verdict = replace(verdict, notes=(*verdict.notes, f"there is no witness: {explained.reason}"))
        if self.given is not None:
            may_begin = "initial" not in self.given and self.takes_initial
            retry = partial(self._begun_with, history, spending) if may_begin else None
            verdict = replace(verdict, notes=(*verdict.notes, *hints(history, retry)))
        return verdict

    def unjudged(self, history: History) -> tuple[str, ...]:
        """Notes on what completions of a foreign history carry and its model does not look at."""
        checker = self.checkers[0]
        if self.given is None or not isinstance(checker, Linearizability):
            return ()
        sees = checker.model_for(history).sees
        columns = {"token": history.token, "revision": history.revision}
        return tuple(
            f"completions carry a {name}, which {self.name} does not judge; {JUDGES_OF[name]} do"
            for name, column in columns.items()
            if name not in sees and any(value != ABSENT for value in column)
        )

    @property
    def takes_initial(self) -> bool:
        """Whether the model has an option for the value before any write."""
        return any(option.name == "initial" for option in registry.model(self.name).options)

    def _begun_with(self, history: History, spending: BudgetMeter, word: str) -> Validity:
        """The verdict with another initial value, as far as a small search goes."""
        seconds = min(spending.seconds_left(), HINT_SECONDS)
        budget = replace(spending.budget, seconds=seconds, configurations=HINT_CONFIGURATIONS)
        judge = Judge.of_model(self.name, {**(self.given or {}), "initial": word})
        return judge.decide(history, budget.start()).value


def _of_claims(workload: Workload, settings: Mapping[str, Setting], claims: Sequence[str]) -> Judge:
    """The judge of what a target claims, in a run of this workload."""
    models, properties = models_claimed(claims), properties_claimed(claims)
    if properties and workload.model is None:
        words = [PROPERTIES[claim].partition(":") for claim in properties]
        judges = [Judge.of_model(name, registry.assignments(options, name)) for name, _, options in words]
        return Judge(CLAIM, [checker for judge in judges for checker in judge.checkers])
    if not models:
        other = f" but {', '.join(claims)}" if claims else ""
        raise UsageError(
            f"--model {CLAIM}: the target claims no consistency model with these options{other}; name a model"
        )
    levels = levels_claimed(workload, claims)
    if levels:
        checkers = [judge for level in levels for judge in workload.checkers({**settings, str(workload.level): level})]
        return Judge(workload.name, checkers, workload=workload)
    if workload.model is not None and any(implies(model, workload.model) for model in models):
        # Also where the claim is stronger than what the workload judges: it is refuted if that is.
        return Judge(workload.name, workload.checkers(settings), workload=workload)
    made = [registry.model(model).make() for model in models if model in registry.models()]
    judge = Judge(CLAIM, made, of_claims=True)
    if len(judge.checkers) < len(models):
        raise UsageError(f"--model {CLAIM}: no checker decides {', '.join(models)}; name a model")
    return judge


def levels_claimed(workload: Workload, claims: Sequence[str]) -> list[str]:
    """The isolation levels among claims, if the workload can judge by any level."""
    if workload.level is None:
        return []
    return [claim for claim in models_claimed(claims) if lattice().models[claim].scope == "transaction"]


def merge(name: str, verdicts: Sequence[Verdict]) -> Verdict:
    """Several verdicts as one, the first of the worst giving the reason; a single one as it is. That nothing was
    observed gives way to any other reason: nodes that crashed are why."""
    if len(verdicts) == 1:
        return verdicts[0]
    value = Validity.worst(verdict.value for verdict in verdicts)
    worst = [verdict for verdict in verdicts if verdict.value is value]
    decisive = min(worst, key=lambda verdict: UNOBSERVED in verdict.details)
    return Verdict(value, decisive.reason, name, children=tuple(verdicts), witness=decisive.witness)


def check_safely(checker: Checker, history: History, budget: Budget) -> Verdict:
    """The verdict of one checker; `unknown` if it crashes or runs out of memory. Errors meant for the user pass."""
    return safely(checker.name, lambda: checker.check(history, budget))


def safely(name: str, ask: Callable[[], Verdict]) -> Verdict:
    """The verdict of a checker; `unknown` if it crashes or runs out of memory. Errors meant for the user pass.

    Pitfall: what a checker makes of an interrupt that became another error would be a verdict.
    """
    try:
        with interrupts.kept():
            verdict = ask()
        if interrupts.requested():
            raise KeyboardInterrupt
        return verdict
    except SplitbrainError:
        raise
    except MemoryError:
        return unknown(name, "the check ran out of memory")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a bug in a checker is no verdict about the system
        return unknown(name, f"the checker failed: {type(error).__name__}: {error}")


def check_history(history: History, name: str, judge: Judge, budget: Budget, reading: float | None = None) -> Result:
    """The result of checking a history that somebody recorded. reading: seconds that reading it took."""
    history.operations()
    judge.decide(History(), budget.start())  # imports what is imported at its first use: that is no time of a check
    spending = budget.start()
    began = time.perf_counter()
    verdict = judge.decide(history, spending)
    decided = time.perf_counter()
    verdict = judge.explain(history, verdict, spending)
    verdict = replace(verdict, notes=(*verdict.notes, *judge.unjudged(history)))
    cost = Cost(decided - began, reading, witness=time.perf_counter() - decided)
    return Result.of_history(history, name, judge.name, verdict, cost)
