"""`splitbrain.run` and `splitbrain.check`: a run and a check as calls.

Nothing is printed and nothing exits; both may be called from threads, from other processes and from notebooks.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from splitbrain.harness.announce import Say, silently
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.history import History
from splitbrain.harness.options import Setting
from splitbrain.harness.progress import Progress
from splitbrain.results.folder import RUNS
from splitbrain.results.result import Result
from splitbrain.runner.checking import Judge, check_history
from splitbrain.runner.execute import FinishedRun
from splitbrain.runner.launch import carry_out, provide
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec


def run(
    target: RunSpec | str,
    *,
    out: Path | str = RUNS,
    progress: Progress | None = None,
    say: Say = silently,
    **fields: Any,
) -> FinishedRun:
    """Run a target once: `run("raft", nemesis="partition", time_limit=20)`.

    target: its name with options, or a RunSpec; fields: those of a RunSpec. out: where the run's folder goes.
    progress: kept up to date while it runs. say: told of steps that take long, such as fetching a server. UsageError
    for what does not exist or does not fit, InfrastructureError for a run that could not be begun; one that failed
    later has the status `infrastructure`.
    """
    spec = replace(target, **fields) if isinstance(target, RunSpec) else RunSpec(target, **fields)
    made = plan(spec)
    provide(made, say)
    return carry_out(made, Path(out), progress)


def check(
    history: History | Path | str | BinaryIO,
    model: str,
    *,
    settings: Mapping[str, Setting] | None = None,
    format: str = "auto",
    keyed: bool = False,
    lenient: bool = False,
    budget: Budget | float | str = Budget(),  # noqa: B008 - frozen
) -> Result:
    """Check a recorded history against a model: `check("history.edn", "cas-register")`.

    history: read already, or a file. model: its name, or `module:NAME` of one's own. settings: options of the model.
    keyed: each value is a `[key value]` pair. lenient: pair events as `--lenient` does. budget: seconds, or as the
    command line has it (`60s,2GiB,20M`). HistoryError for one that cannot be read, UsageError for a model or option
    that does not exist.
    """
    given = {name: str(value) for name, value in (settings or {}).items()}
    judge = Judge.of_model(model, given)
    found = history if isinstance(history, History) else read(history, format, keyed=keyed, lenient=lenient)
    name = "history" if isinstance(history, History) else str(getattr(history, "name", history))
    return check_history(found, name, judge, RunSpec.field("budget").value(budget))
