"""One run in memory, and what was refuted in it."""

from dataclasses import dataclass

from splitbrain.harness.controller import run_test
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.histories import Recorder
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.runner.checking import check_safely
from splitbrain.runner.execute import judged, prepared
from splitbrain.runner.plan import RunPlan
from splitbrain.runner.script import Script, ScriptedFault


@dataclass(frozen=True)
class Refutation:
    """The refutation that is to stay while a run is reduced. check: the name of the check. kind: its model, and the
    kinds of anomalies that it names; "" for a check that names none."""

    check: str
    kind: str

    @staticmethod
    def of(verdict: Verdict) -> "Refutation":
        """Make the refutation of a verdict that is `invalid`."""
        named = verdict.details.get("anomalies", ())
        anomalies = sorted(str(name) for name in named) if isinstance(named, tuple | list | dict) else []
        return Refutation(verdict.checker, " ".join((verdict.model or "", *anomalies)).strip())

    def __str__(self) -> str:
        return f"{self.check} ({self.kind})" if self.kind else self.check


@dataclass(frozen=True)
class Attempt:
    """A run that was carried out. checks: the verdicts that were asked for. origin: when its main phase began, in
    nanoseconds. happened: its faults as data."""

    plan: RunPlan
    history: History
    checks: tuple[Verdict, ...]
    origin: int
    happened: Script

    def refuted(self) -> dict[Refutation, Verdict]:
        """Each check that was refuted."""
        return {Refutation.of(check): check for check in self.checks if check.value is Validity.INVALID}


def attempt(plan: RunPlan, only: str | None = None) -> Attempt | None:
    """Run and judge a plan of a deterministic environment; None if it could not be carried out. only: the name of the
    check that matters, where not all do."""
    recorder = Recorder(None, plan.environment.now)
    test, nemesis = prepared(plan, None)
    ended: list[ScriptedFault] = []
    if nemesis is not None:
        nemesis.on_end(lambda fault: ended.append(ScriptedFault.of(fault)))
    try:
        run = plan.environment.run(lambda: run_test(test, recorder, nemesis))
    except InfrastructureError:
        return None
    checkers = [checker for checker in plan.judge.checkers if checker.name == only]
    beside = tuple(audit for audit in run.audits if audit.checker == only)
    if checkers or beside:
        budget = plan.spec.budget
        found = (*(check_safely(checker, run.history, budget) for checker in checkers), *beside)
    else:
        found = checks(judged(run.history, plan, 0.0, (), run.audits, run.main[1], run.coverage).verdict)
    return Attempt(plan, run.history, found, run.main[0], Script(tuple(ended)))


def checks(verdict: Verdict | None) -> tuple[Verdict, ...]:
    """The checks of a run, merged into its verdict."""
    if verdict is None:
        return ()
    merged = verdict.children and verdict.model is None and all(child.key is None for child in verdict.children)
    return verdict.children if merged else (verdict,)


def leaves(verdict: Verdict) -> list[Verdict]:
    """The innermost verdicts of a check that are `invalid`, in order."""
    below = [leaf for child in verdict.children for leaf in leaves(child)]
    return below or [verdict] * (verdict.value is Validity.INVALID)
