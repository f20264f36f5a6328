"""The result: verdict, figures and seed of one run, or of one history that someone else recorded: `verdict.json`.

Pitfall: a run can pass because nothing was tested. If a fault that was asked for never bit, a `valid` history becomes
an `unknown` result. The verdict of the checkers stays as it is underneath.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import msgspec

from splitbrain.checkers.claims import Standing, standings
from splitbrain.checkers.lattice import spectrum_in
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import History
from splitbrain.harness.kinds import accepts, kinds, parse_known
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.results.summary import Summary, summarize
from splitbrain.runner.record import FORMAT, RunRecord

THIN = 0.1
"""Share of operations answered below which a pass is said to rest on little."""


class RunStatus(StrEnum):
    """The four ways a result can read."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    INFRASTRUCTURE = "infrastructure"
    """The test could not be carried out; says nothing about the system."""


@dataclass(frozen=True)
class Cost:
    """Wall times in seconds: the only part of a simulated run's result that differs from one execution to the next.

    check: from interned columns to verdict and certificate. witness: shrinking and explaining a witness, None where it
    was not measured apart from the check. read: reading and interning a file; None for a live run. run: the whole run;
    None for a file.
    """

    check: float = 0.0
    read: float | None = None
    run: float | None = None
    witness: float | None = None


@dataclass(frozen=True)
class Result:
    """One judged run or history.

    name: the target with its options, or the path of a file as given. judged_by: the workload of a run, the model of
    a file. reason: a sentence; lines after it are evidence, as the end of a node's log. verdict: the checkers' tree;
    None if nothing could be judged. record: how to repeat it; None for a foreign history. notes: what else a person
    should know, a sentence each: nodes that died by themselves, faults that did not come, what a reader let pass.
    coverage: counts of what the faults of a run met. claims: what became of each claim of the target.
    """

    name: str
    judged_by: str
    status: RunStatus
    reason: str
    summary: Summary
    verdict: Verdict | None = None
    record: RunRecord | None = None
    cost: Cost = Cost()
    notes: tuple[str, ...] = ()
    coverage: Mapping[str, Value] = field(default_factory=dict)
    claims: Mapping[str, Standing] = field(default_factory=dict)

    @staticmethod
    def of_run(
        history: History,
        record: RunRecord,
        verdict: Verdict,
        cost: Cost = Cost(),
        notes: tuple[str, ...] = (),
        coverage: Mapping[str, Value] | None = None,
    ) -> "Result":
        """The result of a run that was carried out and judged. coverage: see `harness.coverage`."""
        summary = summarize(history, record.faults)
        status, reason = RunStatus(verdict.value.value), verdict.reason
        notes += verdict.all_notes()
        idle = [name for name in record.faults if name in summary.never_bit]
        if verdict.value is Validity.VALID and idle:
            status, reason = RunStatus.UNKNOWN, f"nothing was refuted, but {_never_bit(idle)}"
        missed = _missed(coverage or {})
        if status is RunStatus.VALID and missed:
            status, reason = RunStatus.UNKNOWN, f"nothing was refuted, but {', '.join(missed)} met no serving cluster"
        if status is RunStatus.VALID:
            notes += _thin(summary)
        return Result(
            record.spec.target, record.workload, status, reason, summary, verdict, record, cost, notes, coverage or {}
        )

    @staticmethod
    def of_history(history: History, name: str, model: str, verdict: Verdict, cost: Cost = Cost()) -> "Result":
        """The result of checking a history from a file."""
        status = RunStatus(verdict.value.value)
        notes = (*history.warnings, *verdict.all_notes())
        return Result(name, model, status, verdict.reason, summarize(history), verdict, cost=cost, notes=notes)

    @staticmethod
    def failed(
        history: History, record: RunRecord, reason: str, cost: Cost = Cost(), notes: tuple[str, ...] = ()
    ) -> "Result":
        """The result of a run that could not be carried out; the history is as far as it came."""
        summary = summarize(history, record.faults)
        return Result(
            record.spec.target,
            record.workload,
            RunStatus.INFRASTRUCTURE,
            reason,
            summary,
            record=record,
            cost=cost,
            notes=notes,
        )

    def holding(self, claims: Sequence[str], found: Mapping[str, Validity]) -> "Result":
        """The same with what became of claims, by what was found about models. A run that tested too little confirms
        none."""
        told = standings(claims, found)
        if self.verdict is not None and self.status.value != self.verdict.value.value:
            told = {claim: Standing.OPEN if told[claim] is Standing.CONFIRMED else told[claim] for claim in told}
        return replace(self, claims=told)

    @property
    def judge(self) -> str:
        """The judge: the workload, and the model if one was asked for; of a file the model."""
        chosen = self.record.spec.model if self.record else None
        return f"{self.judged_by} by {chosen}" if chosen else self.judged_by

    @property
    def seed(self) -> int | None:
        """The seed of a run."""
        return self.record.seed if self.record else None

    @property
    def checks(self) -> tuple[Verdict, ...]:
        """The verdicts of each check of the run: the workload's, and those beside it."""
        if self.verdict is None:
            return ()
        chosen = (self.record.spec.model or "").partition(":")[0] if self.record else ""
        merged = self.verdict.model is None and self.verdict.checker in (self.judged_by, chosen)
        return self.verdict.children if merged and self.verdict.children else (self.verdict,)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of anomalies that were found, each once."""
        return tuple(dict.fromkeys(kind for check in self.checks for kind in kinds(check)))

    @property
    def counts_as(self) -> RunStatus:
        """The status; but if it was refuted in ways alone that are known and accepted, that of all other checks."""
        known = parse_known(self.record.spec.known) if self.record else ()
        if self.status is not RunStatus.INVALID or not known or not all(accepts(known, kind) for kind in self.kinds):
            return self.status
        others = [check.value for check in self.checks if check.value is not Validity.INVALID]
        if self.summary.never_bit or _missed(self.coverage):
            others.append(Validity.UNKNOWN)
        return RunStatus(Validity.worst((*others, Validity.VALID)).value)

    @property
    def sentence(self) -> str:
        """The reason, without evidence."""
        return self.reason.partition("\n")[0]

    @property
    def evidence(self) -> tuple[str, ...]:
        """The lines that come with the reason."""
        return tuple(line.expandtabs(4) for line in self.reason.splitlines()[1:])

    def headline(self) -> dict[str, Value]:
        """The fields that every machine-readable line about this result has."""
        line: dict[str, Value] = {
            "name": self.name,
            "workload" if self.record else "model": self.judged_by,
            "verdict": self.status.value,
            "reason": self.reason,
        }
        if self.record:
            line |= {"model": self.record.spec.model} if self.record.spec.model else {}
            line |= {"claims": {claim: standing.value for claim, standing in self.claims.items()}}
            line |= {"token": self.record.token} if self.record.token else {}
            line |= {"drawn": self.record.drawn} if self.record.drawn else {}
            line |= {"seed": self.seed, "operations": self.summary.operations, "faults": self._faults()}
            line |= {"checks": self._checks(), "coverage": dict(self.coverage)}
            line |= {"counts_as": self.counts_as.value} if self.counts_as is not self.status else {}
        line |= spectrum_in(self.verdict)
        line["seconds"] = self.cost.check
        if self.cost.witness is not None:
            line["witness_seconds"] = self.cost.witness
        if self.cost.read is not None:
            line["read_seconds"] = self.cost.read
        if self.record is None:
            line |= self._evidence_json()
        if self.record is None and self.notes:
            line["notes"] = list(self.notes)
        return line

    def _evidence_json(self) -> dict[str, Value]:
        """The checker's counts, and the first witness: positions of its events in the history, its words, and the
        cycle that it is about, if it is about one."""
        refuted = first_refuted(self.verdict)
        if refuted is None or refuted.witness is None:
            return {"details": msgspec.to_builtins(self.verdict.details)} if self.verdict else {}
        witness: dict[str, Value] = {"events": list(refuted.witness.events), "words": list(refuted.witness.words)}
        if refuted.witness.cycle:
            witness["cycle"] = [list(step) for step in refuted.witness.cycle]
        key = {} if refuted.key is None else {"key": msgspec.to_builtins(refuted.key)}
        return {"details": msgspec.to_builtins(refuted.details), "witness": key | witness}

    def to_json(self) -> dict[str, Value]:
        """The content of `verdict.json`: the headline, the figures, the tree of verdicts."""
        summary = self.summary
        figures = {
            "operations": summary.operations,
            "counts": msgspec.to_builtins(summary.counts),
            "availability": msgspec.to_builtins(summary.nodes),
            "sides": msgspec.to_builtins(summary.sides),
            "latency": msgspec.to_builtins(summary.latency),
            "service": msgspec.to_builtins(summary.service),
            "errors": dict(summary.errors),
        }
        tail = {
            "command": self.record.command if self.record else None,
            "run_seconds": self.cost.run,
            "notes": list(self.notes),
            "format": FORMAT,
            "tree": self.verdict.to_json() if self.verdict else None,
        }
        return self.headline() | figures | tail

    def to_text(self) -> str:
        """`verdict.json` as text: one field a line, so that people and line tools can read the top of a long tree."""
        fields = (f"{json.dumps(key)}: {_compact(value)}" for key, value in self.to_json().items())
        return "{\n" + ",\n".join(fields) + "\n}\n"

    @staticmethod
    def again(history: History, plain: Mapping[str, Any], record: RunRecord | None, where: str) -> "Result":
        """The result that `plain`, the content of a `verdict.json`, was written from; UsageError if it is none."""
        try:
            tree = plain["tree"]
            return Result(
                str(plain["name"]),
                str(plain.get("workload", plain.get("model", ""))),
                RunStatus(plain["verdict"]),
                str(plain["reason"]),
                summarize(history, record.faults if record else ()),
                Verdict.from_json(tree) if tree is not None else None,
                record,
                Cost(
                    float(plain["seconds"]),
                    plain.get("read_seconds"),
                    plain.get("run_seconds"),
                    plain.get("witness_seconds"),
                ),
                tuple(plain.get("notes", ())),
                plain.get("coverage", {}),
                {str(claim): Standing(standing) for claim, standing in plain.get("claims", {}).items()},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{where}: not the verdict of a run: {error}") from None

    def _checks(self) -> list[Value]:
        return [
            {
                "name": check.checker,
                "verdict": check.value.value,
                "reason": check.reason,
                **({"kinds": list(found)} if (found := kinds(check)) else {}),
            }
            for check in self.checks
        ]

    def _faults(self) -> dict[str, Value]:
        return {
            name: {"times": record.times, "bite": dict(record.bite)} if record.bit else None
            for name, record in self.summary.faults.items()
        }


def _compact(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _thin(summary: Summary) -> tuple[str, ...]:
    """A warning where hardly anything was answered: little could have refuted the model."""
    asked = sum(node.operations for node in summary.nodes.values())
    answered = sum(node.answered for node in summary.nodes.values())
    if answered >= THIN * asked:
        return ()
    return (f"only {answered:,} of {asked:,} operations were answered, so this pass rests on little evidence",)


def _missed(coverage: Mapping[str, Value]) -> list[str]:
    """The faults that came, but never while the cluster served."""
    strikes, met = coverage.get("strikes"), coverage.get("met_serving")
    if not isinstance(strikes, Mapping) or not isinstance(met, Mapping):
        return []
    return [str(name) for name in strikes if not met.get(name)]


def _never_bit(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]}, which was asked for, never bit"
    return f"{', '.join(names[:-1])} and {names[-1]}, which were asked for, never bit"


def first_refuted(verdict: Verdict | None) -> Verdict | None:
    """The first part of a verdict that is invalid and has a witness; None if there is none."""
    if verdict is None or verdict.value is not Validity.INVALID:
        return None
    below = next((found for child in verdict.children if (found := first_refuted(child)) is not None), None)
    return verdict if below is None and verdict.witness is not None else below
