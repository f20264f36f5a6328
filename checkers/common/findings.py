"""Finding: what a checker of a weak model says about a history, before it is a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import unobserved
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown


class SearchStopped(Exception):
    """End of a search that has used up its budget; its words are the limit."""


@dataclass(frozen=True)
class Finding:
    """witness: present if the model is refuted. anomaly: the name of the pattern found. doubt: why it is undecided."""

    witness: Witness | None = None
    anomaly: str | None = None
    doubt: str | None = None
    reason: str = ""
    details: Mapping[str, Value] = field(default_factory=dict)
    certificate: tuple[int, ...] | None = None


def verdict_of(
    model: str, registers: RegisterHistory | None, finding: Finding, reads: int, judged: int | None = None
) -> Verdict:
    """The verdict of a weak model. registers: None where it is not about sessions. reads: how many reads could have
    refuted it. judged: how many of them had something to reflect, where the model is about that."""
    details: dict[str, Value] = {}
    if registers is not None:
        details |= {"operations": len(registers), "sessions": registers.sessions}
    details |= {"reads": reads, **finding.details}
    if finding.witness is not None:
        if finding.anomaly:
            details["anomaly"] = finding.anomaly
        name = f"{finding.anomaly}: " if finding.anomaly else ""
        reason = name + finding.witness.words[0]
        return Verdict(Validity.INVALID, reason, model, model, witness=finding.witness, details=details)
    if not reads:
        return unobserved(model, "no read succeeded: nothing could have refuted the model", **details)
    if finding.doubt:
        return unknown(model, f"undecided: {finding.doubt}", model, **details)
    if judged == 0:
        reason = f"none of {reads:,} reads had anything to reflect: nothing could have refuted the model"
        return unobserved(model, reason, **details)
    return Verdict(
        Validity.VALID, finding.reason, model, model, certificate=finding.certificate, details=details,
    )  # fmt: skip
