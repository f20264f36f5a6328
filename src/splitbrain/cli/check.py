"""`splitbrain check`: judge histories that somebody recorded, ours or not.

Of several files, one that cannot be read neither stops the others nor hides an `invalid` among them.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from splitbrain import registry
from splitbrain.cli.completing import completing
from splitbrain.cli.exits import INFRASTRUCTURE, OF_VERDICT, USAGE, worst
from splitbrain.cli.history_sources import HistorySource, expand
from splitbrain.cli.output import err, out
from splitbrain.cli.spec_options import BUDGET
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import HistoryError, SplitbrainError, UsageError
from splitbrain.harness.histories import FORMATS, ReadingStopped, read
from splitbrain.harness.history import History
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import unknown
from splitbrain.results import text
from splitbrain.results.folder import RunFolder, safe_name, write_whole, writing
from splitbrain.results.result import Cost, Result
from splitbrain.runner.checking import Judge, check_history
from splitbrain.runner.hints import keyed_hint
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import CLAIM

REPORT = "--report"
KEYED = Option("keyed", False, "whether each value is a [key value] pair, as in jepsen.independent")
"""The option of `--set` that is no model's but the reader's."""


@dataclass(frozen=True)
class Reading:
    """The way to read histories: format, whether values are `[key value]`, whether odd events are let pass."""

    form: str
    keyed: bool
    lenient: bool


def history_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options that say how a history is read and what it is held against: `model`, `settings`, `form`,
    `lenient`."""
    for option in (
        click.option(
            "--lenient",
            is_flag=True,
            help="Read events without a process, without an invocation, or after an info of their process; notes say "
            "how.",
        ),
        click.option("--format", "form", type=click.Choice(FORMATS), default="auto", show_default=True),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                     help="An option of the model, or keyed=true."),
        click.option(
            "--model",
            "-m",
            metavar="NAME",
            shell_complete=completing("models"),
            help="The model to hold it against: one of `splitbrain list models`, or module:NAME or ./file.py:NAME of "
            "your own.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def asked_of(model: str | None, settings: Sequence[str], form: str, lenient: bool) -> tuple[Judge | None, Reading]:
    """The judge that `history_options` name, None where they name no model, and the way to read; notes on renamed
    models are told."""
    given = registry.assignments(",".join(settings), "--set")
    keyed = KEYED.parse(given.pop("keyed"), "--set") if "keyed" in given else False
    if model is None and given:
        raise UsageError(f"--set {next(iter(given))}=… is an option of a model: name the model with --model")
    judge = Judge.of_model(model, given) if model else None
    for note in registry.renamed_model(model) if model else ():
        err(note)
    return judge, Reading(form, keyed is True, lenient)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DIR|-...")
@history_options
@click.option(
    "--budget",
    type=BUDGET,
    default="60s",
    show_default=True,
    help="What a history may take, reading included: 60s,2GiB,20M (time, bytes, configurations).",
)
@click.option(
    "--certificate",
    is_flag=True,
    help="Show the order that proves `valid`: positions of invocations in the history.",
)
@click.option(REPORT, type=click.Path(path_type=Path), metavar="DIR", help="Write a page for each history there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a history.")
def check(
    sources: Sequence[str], model: str | None, settings: Sequence[str], form: str, budget: Budget, lenient: bool,
    certificate: bool, report: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Judge recorded histories: files, run folders, folders of histories, or - for standard input.

    What splitbrain recorded itself needs no --model: the test beside it says what to check.
    """
    judge, reading = asked_of(model, settings, form, lenient)
    if report:
        with writing(report, REPORT):
            report.mkdir(parents=True, exist_ok=True)
    codes: list[int] = []
    results: list[Result] = []
    found = histories(sources, codes)
    files = len(found) + len(codes)
    for source in found:
        try:
            history, result = judged(source, judge or judge_beside(source), reading, budget)
        except UsageError as error:
            if files == 1:
                raise
            err(str(error))
            codes.append(USAGE)
            continue
        except MemoryError:
            if files == 1:
                raise
            err(f"{source.name}: out of memory")
            codes.append(INFRASTRUCTURE)
            continue
        codes.append(OF_VERDICT[result.status.value])
        results.append(result)
        page = told_page(report, source, history, result, len(results), codes) if report else None
        order = order_of(result) if certificate else None
        if as_json:
            proof = {"certificate": order} if certificate else {}
            out(json.dumps(result.headline() | proof | ({"report": str(page)} if page else {})))
        else:
            tell(result, page, order, alone=files == 1)
    if files > 1 and not as_json:
        out(tally(results, files))
    return worst(codes)


def order_of(result: Result) -> list[int] | None:
    """The order that proves a result; None if nothing was proved by an order of the whole history."""
    found = None if result.verdict is None else result.verdict.certificate
    return None if found is None else list(found)


def tell(result: Result, page: Path | None, order: list[int] | None, *, alone: bool) -> None:
    """Print a result: with its figures if it is the only one, else in a line."""
    lines = text.lines(result) if alone else [text.headline(result), *text.note_lines(result)]
    out("\n".join(lines), result.status.value)
    if order is not None:
        out(f"order: {' '.join(map(str, order))}")
    if page:
        out(f"report: {page}")


def histories(words: Sequence[str], codes: list[int]) -> list[HistorySource]:
    """The histories that words mean. Of several words, one that means none is told, and its code added to `codes`."""
    found: list[HistorySource] = []
    for word in words:
        try:
            found += expand([word])
        except (UsageError, OSError) as error:
            if len(words) == 1:
                raise
            err(str(error) if isinstance(error, UsageError) else f"{error.filename or word}: {error.strerror}")
            codes.append(USAGE)
    return found


SET_ASIDE_FROM = 100_000
"""The number of events from which a history is set aside from the search for garbage, which it has none of."""


def judge_beside(source: HistorySource) -> Judge:
    """The judge that the test beside a recorded history names; UsageError if there is none."""
    if source.path is not None and source.path.exists() and (source.path.parent / "test.toml").exists():
        folder = RunFolder.open(source.path)
        record = folder.record()
        return Judge.of_record(record, claims_beside(folder, record) if record.spec.model == CLAIM else ())
    if source.path is not None and not source.path.exists():
        raise HistoryError(source.name, None, "there is no such file")
    models = ", ".join(registry.models())
    raise UsageError(f"{source.name}: no test.toml beside it says what to check: name a model with --model ({models})")


def claims_beside(folder: RunFolder, record: RunRecord) -> Sequence[str]:
    """The claims of the target of a recorded run. Pitfall: a folder may be a stranger's, so no code that it names is
    run; claims of a target that is not installed here are those that its verdict tells of."""
    if record.spec.target.partition(":")[0] in registry.TARGETS:
        return registry.target(record.spec.target).claims
    claims = folder.verdict().get("claims")
    if not isinstance(claims, Mapping):
        raise UsageError(f"{folder.path}: it does not say what its target claims: name a model with --model")
    return [str(claim) for claim in claims]


def judged(source: HistorySource, judge: Judge, reading: Reading, budget: Budget) -> tuple[History, Result]:
    """Read and judge one history, both within the budget."""
    began, spending = time.perf_counter(), budget.start()
    if gc.get_freeze_count():  # the history before this one was a long one, and can go
        gc.unfreeze()
        gc.collect()
    if source.path is None and sys.stdin is None:
        raise UsageError("standard input is closed: name a file, or give it something to read")
    file = source.path if source.path is not None else sys.stdin.buffer
    try:
        history = read(file, reading.form, keyed=reading.keyed, lenient=reading.lenient, spending=spending)
    except ReadingStopped as limit:
        verdict = unknown("reading", f"undecided: {limit} before the history was read")
        cost = Cost(0, time.perf_counter() - began)
        return History(), Result.of_history(History(), source.name, judge.name, verdict, cost)
    if len(history) >= SET_ASIDE_FROM:
        gc.freeze()
    history.operations()
    reading_s = time.perf_counter() - began
    try:
        return history, check_history(history, source.name, judge, spending.left(), reading_s)
    except UsageError as error:
        keyed = keyed_hint(history) if judge.given is not None and not reading.keyed else None
        raise UsageError(f"{source.name}: {error}{f'; {keyed}' if keyed else ''}") from None


def told_page(
    folder: Path, source: HistorySource, history: History, result: Result, number: int, codes: list[int]
) -> Path | None:
    """The page of one history, see `write_page`. One that cannot be written is told, and its code added to `codes`: the
    verdict stands without it."""
    try:
        return write_page(folder, source, history, result, number)
    except SplitbrainError as error:
        err(str(error))
        codes.append(USAGE if isinstance(error, UsageError) else INFRASTRUCTURE)
        return None


def write_page(folder: Path, source: HistorySource, history: History, result: Result, number: int) -> Path:
    """The page of one history in a folder. number: of the history, from 1, for a page
    whose name is taken. UsageError if it cannot be written."""
    from splitbrain.results.report import render

    name = "stdin" if source.path is None else safe_name(source.name)
    page = folder / f"{name}.html"
    if number > 1 and page.exists():
        page = folder / f"{name}-{number}.html"
    return write_whole(page, render(history, result), REPORT)


def tally(results: Sequence[Result], files: int) -> str:
    """The last line over several histories."""
    words = ("invalid", "unknown", "valid")
    counts = [(word, sum(result.status.value == word for result in results)) for word in words]
    shown = [f"{count} {word}" for word, count in counts if count]
    unreadable = files - len(results)
    return f"{files} histories: {', '.join(shown + ([f'{unreadable} unreadable'] if unreadable else []))}"
