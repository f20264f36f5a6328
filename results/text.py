"""A result as lines for the terminal. Plain text: colour and paper are the business of whoever prints it.

The answer stands in the first line, the command that repeats the run in the last. Pitfall: these lines are standard
output, and that of a simulated run is the same for the same seed: no wall times, no folder names.
"""

from collections.abc import Iterator, Mapping

from splitbrain.harness.kinds import accepts, parse_known
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Verdict, Witness
from splitbrain.results import format
from splitbrain.results.result import Result
from splitbrain.results.sides import SPLIT

_ERRORS = {"precondition": "refused by their precondition"}
"""Kinds of errors that their name does not explain."""
_RARE = (
    ("marks", "leader", "election", "elections"),
    ("network", "old_messages", "message half a second old", "messages half a second old and older"),
    ("marks", "stale", "message of an older term", "messages of older terms"),
    ("marks", "deduplicated", "retried request de-duplicated", "retried requests de-duplicated"),
)
"""Words for what coverage counts beside faults: group and name there, and the words for one and for several."""


def lines(result: Result) -> list[str]:
    """The whole result: answer, witness, figures, command."""
    blocks = [
        [headline(result)],
        [f"  {format.sentence(line)}" for line in result.evidence],
        witness_lines(result),
        claim_lines(result),
        [_scope(result)],
        count_lines(result),
        traffic_lines(result),
        availability_lines(result),
        side_lines(result),
        fault_lines(result),
        note_lines(result),
        repeat_lines(result),
    ]
    told: list[str] = []
    for block in blocks:
        told.extend(["", *block] if told and block else block)
    return told


def repeat_lines(result: Result) -> list[str]:
    """The ways to repeat a run: its token, if it was simulated, and its command; before it, what its seed drew."""
    record = result.record
    if record is None:
        return []
    drawn = [f"drawn by the seed: {record.drawn}"] if record.drawn else []
    token = [f"or with: splitbrain replay {record.token}"] if record.token and record.env == "sim" else []
    return [format.plain(line) for line in (*drawn, *token, f"repeat with: {record.command}")]


def headline(result: Result) -> str:
    """The answer in one line; its first word is the answer's name."""
    return format.sentence(
        f"{result.status.value}: {result.name} · {result.judge}: {result.sentence}{_accepted(result)}"
    )


def _accepted(result: Result) -> str:
    """The kinds of anomalies that are known and accepted; those that are not, where others were named."""
    if result.counts_as is not result.status:
        return f" (known, accepted: {', '.join(result.kinds)})"
    known = parse_known(result.record.spec.known) if result.record is not None else ()
    others = [kind for kind in result.kinds if not accepts(known, kind)]
    return f" (not accepted by --known {','.join(known)}: {', '.join(others)})" if known and others else ""


def witness_lines(result: Result) -> list[str]:
    """The first witness in words, without a sentence that is the reason already."""
    witness = next(witnesses(result.verdict), (None, None))[1]
    if witness is None:
        return []
    return [f"  {format.sentence(words)}" for words in witness.words if not result.reason.endswith(words)]


def claim_lines(result: Result) -> list[str]:
    """The standing of each claim of the target."""
    told = ", ".join(f"{claim} {standing.value}" for claim, standing in result.claims.items())
    return [format.plain(f"  claims: {told}")] if told else []


def count_lines(result: Result) -> list[str]:
    """The ends of operations, and how long those took that succeeded."""
    summary = result.summary
    if not summary.counts:
        return []
    rows: list[tuple[str, ...]] = [
        ("operation", "ok", "fail", "info", *(("p50 ms", "p99 ms", "max ms") if summary.latency else ()))
    ]
    for f, counts in summary.counts.items():
        row: tuple[str, ...] = (format.name(f), *(f"{n:,}" for n in (counts.ok, counts.fail, counts.info)))
        if summary.latency:
            latency = summary.latency.get(f)
            figures = (latency.p50_ms, latency.p99_ms, latency.max_ms) if latency else ()
            row += tuple(map(format.milliseconds, figures)) or ("–", "–", "–")
        rows.append(row)
    lines = format.table(rows)
    if summary.errors:
        kinds = (f"{count:,} {_ERRORS.get(kind, kind)}" for kind, count in summary.errors.items())
        lines.append(f"  errors: {format.plain(', '.join(kinds))}")
    if summary.first_failure:
        lines.append(f"  nothing succeeded; the first failure: {format.sentence(summary.first_failure)}")
    return lines


def availability_lines(result: Result) -> list[str]:
    """Share of operations answered, per node."""
    summary = result.summary
    if not summary.nodes:
        return []
    rows: list[tuple[str, ...]] = [("node", "answered", *(("during faults",) if summary.windows else ()))]
    for node, seen in summary.nodes.items():
        row: tuple[str, ...] = (format.name(node), format.share(seen.answered, seen.operations))
        if summary.windows:
            row += (format.share(seen.answered_in_faults, seen.operations_in_faults),)
        rows.append(row)
    return format.table(rows)


def side_lines(result: Result) -> list[str]:
    """The answers of each side of a split, with its 95 % interval, and how soon after a heal its nodes were back."""
    split = [found for found in result.summary.sides if found.side in SPLIT]
    if not split:
        return []
    rows: list[tuple[str, ...]] = [
        ("side of", "nodes", "answered", "of", "95 % from", "to", "p99 ms", "back ms, at most")
    ]
    for found in split:
        share = found.answered
        back = format.milliseconds(found.recovery_ms[1]) if found.recovery_ms else "–"
        rows.append((
            format.name(found.fault), found.side, format.share(share.part, share.whole), f"{share.whole:,}",
            f"{100 * share.low:.1f} %", f"{100 * share.high:.1f} %",
            "–" if found.p99_ms is None else format.milliseconds(found.p99_ms),
            f"{back}, {found.unrecovered} × not again" if found.unrecovered else back,
        ))  # fmt: skip
    return format.table(rows)


def traffic_lines(result: Result) -> list[str]:
    """Messages that nodes sent, where the environment counts them: in all, and for each operation of a client."""
    network = result.coverage.get("network")
    counts = network if isinstance(network, Mapping) else {}
    told = []
    for name, words in (("messages_between_nodes", "messages between nodes"), ("requests_to_services", "to services")):
        if number := _count(counts, name):
            each = f" ({number / result.summary.operations:.1f} an operation)" if result.summary.operations else ""
            told.append(f"{number:,} {words}{each}")
    return [f"  sent: {', '.join(told)}"] if told else []


def fault_lines(result: Result) -> list[str]:
    """Each fault: how often it came, and what it did."""
    records = result.summary.faults
    if not records:
        return []
    rows = [
        (format.name(name), f"{record.times} ×", format.bite(record.bite, record.told))
        for name, record in records.items()
    ]
    wide = max(len("fault"), *(len(row[0]) for row in rows))
    times = max(len("times"), *(len(row[1]) for row in rows))
    heading = ("fault", "times", "what it did")
    return [
        *(f"  {name:<{wide}}  {often:>{times}}  {did}" for name, often, did in (heading, *rows)),
        *([f"  meanwhile: {told}"] if (told := meanwhile(result)) else []),
    ]


def meanwhile(result: Result) -> str:
    """Overlaps of faults, and rare happenings meanwhile; "" where there is nothing to say."""
    coverage = result.coverage
    told = []
    if overlaps := _count(coverage, "overlaps"):
        told.append(f"{format.counted(overlaps, 'overlap')} of faults, up to {_count(coverage, 'at_once')} at once")
    for group, name, one, several in _RARE:
        counts = coverage.get(group)
        if number := _count(counts if isinstance(counts, Mapping) else {}, name):
            told.append(f"{number:,} {one if number == 1 else several}")
    doubts = coverage.get("in_doubt")
    if isinstance(doubts, Mapping):
        carried_out, number = _count(doubts, "carried_out"), _count(doubts, "operations")
        told.append(f"{carried_out:,} of {format.counted(number, 'operation')} of unknown end carried out")
    return ", ".join(told)


def witnesses(verdict: Verdict | None) -> Iterator[tuple[Verdict, Witness]]:
    """Every witness of a tree once, with the verdict it belongs to; a parent that repeats a child's is left out."""
    if verdict is None:
        return
    below = [found for child in verdict.children for found in witnesses(child)]
    if verdict.witness is not None and all(verdict.witness != witness for _, witness in below):
        yield verdict, verdict.witness
    yield from below


def note_lines(result: Result) -> list[str]:
    """Further notes for a person."""
    return [f"note: {format.plain(note)}" for note in result.notes]


def _scope(result: Result) -> str:
    parts = [format.counted(result.summary.operations, "operation")]
    if result.summary.span_ns:
        parts.append(f"{result.summary.span_ns / 1e9:.1f} s")
    if result.record:
        record = result.record
        parts += [format.counted(record.spec.nodes, "node"), format.counted(record.spec.concurrency, "client")]
        parts += [record.env, f"seed {record.seed}"]
    return format.plain("  " + " · ".join(parts))


def _count(counts: Mapping[str, Value], name: str) -> int:
    number = counts.get(name)
    return number if isinstance(number, int) else 0
