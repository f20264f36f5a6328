"""Steps of a simulated run around a moment: the run once more, with a recorder of its nodes' events and messages.

The moment is that of the anomaly, if the run has one: the operations of its first witness. The run is repeated to its
end and must have the same history, or what was recorded is not what happened.
"""

from dataclasses import dataclass, replace

from splitbrain import registry
from splitbrain.harness.controller import run_test
from splitbrain.harness.errors import UsageError
from splitbrain.harness.histories import Recorder
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.steps import RecordedSteps
from splitbrain.harness.verdict import Verdict, Witness
from splitbrain.results.folder import RunFolder
from splitbrain.results.report.timeline import breaches
from splitbrain.results.text import witnesses
from splitbrain.runner.execute import prepared
from splitbrain.runner.plan import plan
from splitbrain.runner.replay import lines_of, repeatable

BEFORE_NS = 20_000_000
AFTER_NS = 10_000_000
"""Time shown before the first and after the last operation of the anomaly."""
BREACH_NS = 200_000_000
"""Time shown before a breach of an invariant, which has one moment alone."""
SPAN_NS_MAX = 2_000_000_000
"""The longest time that is shown; of a longer anomaly its end, which is where it is seen."""


@dataclass(frozen=True)
class Span:
    """A time of a run, in nanoseconds since its start. cut: whether the anomaly began before it."""

    begin: int
    end: int
    cut: bool = False


def record_steps(folder: RunFolder, span: Span) -> RecordedSteps:
    """Repeat a run and record what its nodes did in a span. UsageError for what was not simulated, a run of another
    version, and one whose history is another now."""
    record = repeatable(folder)
    made = plan(record.spec)
    environment, steps = registry.recording_simulator(made.seed, made.spec.world, span.begin, span.end)
    made = replace(made, environment=environment)
    test, nemesis = prepared(made, None)
    recorder = Recorder(None, environment.now, hold=True)
    environment.run(lambda: run_test(test, recorder, nemesis, None))
    with registry.scratch() as place:
        again = RunFolder(place)
        recorder.save(again.history_path)
        if lines_of(again) != lines_of(folder):
            raise UsageError(
                f"{folder.path}: its history is another when it is repeated: the code of splitbrain or of the target "
                "has changed since, or rests on something beside its seed"
            )
    return steps()


def span_of_anomaly(history: History, verdict: Verdict | None) -> Span:
    """The span of the first witness of a verdict, else that of the first breach of an invariant. UsageError if there is
    none."""
    found = next((witness for _, witness in witnesses(verdict) if witness.events), None)
    if found is not None:
        times = [history.time[event] for event in _events(history, found)]
    else:
        times = [breach["start"] for breach in breaches(verdict)][:1]
        times += [max(0, time - BREACH_NS) for time in times]
    if not times:
        raise UsageError("the run has no anomaly with a witness: name a moment with --at, in seconds")
    begin, end = min(times) - BEFORE_NS, max(times) + AFTER_NS
    if end - begin <= SPAN_NS_MAX:
        return Span(max(0, begin), end)
    return Span(max(0, end - SPAN_NS_MAX), end, cut=True)


def span_around(seconds: float) -> Span:
    """The span around a moment."""
    moment = round(seconds * 1e9)
    return Span(max(0, moment - SPAN_NS_MAX // 8), moment + SPAN_NS_MAX // 8)


def _events(history: History, witness: Witness) -> list[int]:
    """The events of a witness and their partners: a whole operation each."""
    partners = [history.partner[event] for event in witness.events]
    return [*witness.events, *(partner for partner in partners if partner != ABSENT)]
