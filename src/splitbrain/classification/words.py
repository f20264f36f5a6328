"""A card as lines for a terminal: one screen, the answer first."""

import math
from collections.abc import Mapping, Sequence

from splitbrain.checkers.claims import LINEARIZABLE
from splitbrain.classification.card import Card
from splitbrain.classification.figures import SideFigures, refusals
from splitbrain.classification.healthy import unusual
from splitbrain.classification.models import strongest
from splitbrain.classification.rule import CapClass
from splitbrain.classification.windows import READ, WRITE
from splitbrain.results import format
from splitbrain.results.intervals import Interval
from splitbrain.results.sides import MAJORITY
from splitbrain.textbook.designs import VALUE_BYTES, OperationCost
from splitbrain.textbook.systems import claim_of

MODELS_MAX = 6
MISSING_MAX = 4
HOLDS = {True: "holds", False: "refuted", None: "not settled"}
YES = {True: "yes", False: "no", None: "not settled"}


def share(value: float | None) -> str:
    """A share as a percentage; `–` where there is none."""
    return "–" if value is None else f"{100 * value:.3g} %"


def interval(found: Interval) -> str:
    """A share with its bounds: `100 % (86 to 100)`."""
    if not found.whole:
        return "–"
    return f"{share(found.part / found.whole)} ({100 * found.low:.0f} to {100 * found.high:.0f})"


def lines(card: Card) -> list[str]:
    """The card of one target."""
    finding, subject = card.finding, card.subject
    told = [f"{finding.cap.value}: {format.plain(subject.target)}: {format.plain(finding.reason)}", ""]
    if finding.alarm:
        told += [f"  ALARM: {format.plain(finding.alarm)}", ""]
    told += [f"  {name:<20}{value}" for name, value in facts(card).items()]
    heads = ("scenario", "side", "reads in time", "writes in time", "back ms", "linearizable")
    told += ["", *format.table([heads, *_rows(card)], numbers=False)]
    absent = missing(card)
    if absent:
        told += ["", "  what is missing:"]
        told += [f"    {format.plain(one)}" for one in absent[:MISSING_MAX]]
        more = len(absent) - MISSING_MAX
        told += [f"    and {more} more, in card.json"] * (more > 0)
    return told


def facts(card: Card) -> Mapping[str, str]:
    """The figures of a card, each with its name."""
    finding, subject = card.finding, card.subject
    found = {
        "reads · writes": f"{finding.reads.value} · {finding.writes.value}",
        "PACELC": card.pacelc,
        "strongest model": _models(strongest(card.runs)),
        "without faults": _models(strongest(card.healthy)),
        LINEARIZABLE: linearizability(card),
    }
    found |= healthy_service(card)
    if card.splits:
        found["copies at the end"] = converged(card)
        serves = [
            f"{name.removeprefix('split, ')}: {_serves(card, name, said)}"
            for name, said in finding.majority_serves.items()
        ]
        found["majority serves"] = "; ".join(serves) or "not asked enough to tell"
        found |= definitions(card)
        found["failover"] = failover(card)
    found["lost writes"] = lost(card)
    found["stale reads"] = stale(card)
    found["latency"] = latency(card) or "nothing was answered without faults"
    found |= {f"cost of a {one.kind}": cost(one) for one in subject.costs}
    found["claims"] = claims(card)
    if said := textbook(card):
        found["textbook"] = said
    if dropped := [*(reason for one in card.measured for reason in one.dropped), *subject.failed]:
        found["left out"] = "; ".join(dropped)
    operations = sum(run.operations for run in card.runs)
    found["rests on"] = (
        f"{len(card.runs)} runs, {sum(len(one.windows) for one in card.measured)} fault windows of "
        f"{card.window_ns / 1e9:.0f} s, {operations:,} operations · {subject.nodes} node{'s' * (subject.nodes > 1)} · "
        f"{subject.env}"
    )
    return {name: format.plain(value) for name, value in found.items()}


def served_splits(card: Card, side: str, scenario: str = "") -> str:
    """The number of splits in which it cannot be said that a side did not serve reads and writes. scenario: of one kind
    of split alone."""
    refused, total = refusals([one for one in card.splits if scenario in ("", one.scenario)], side)
    return f"{total - refused} of {total} splits"


def _serves(card: Card, scenario: str, said: bool | None) -> str:
    return YES[said] + (f": it served in {served_splits(card, MAJORITY, scenario)}" if said is False else "")


def linearizability(card: Card) -> str:
    """The number of runs that refuted it, or the share of runs below which that is."""
    standing = card.linearizability
    if standing is None:
        return "not judged"
    decided = standing.refuted + standing.confirmed
    undecided = f", undecided in {standing.undecided}" if standing.undecided else ""
    if standing.refuted:
        where = "; ".join(f"{place} {count}" for place, count in card.refuted_where.items())
        return f"refuted in {standing.refuted} of {decided} runs{undecided}" + (f" ({where})" if where else "")
    if not decided:
        return f"never decided, in {standing.undecided} runs"
    return f"not refuted in {decided} runs: below {share(standing.bound)} of runs (95 %){undecided}"


def healthy_service(card: Card) -> dict[str, str]:
    """Shares that nodes answer in time without faults, and from which on they serve in a window; nothing of a kind of
    which that is nearly all, and the share nine in ten."""
    found = {}
    for kind, (smallest, largest, serves, refuses) in unusual(card.healthy_service).items():
        nodes = share(smallest) if share(smallest) == share(largest) else f"{share(smallest)} to {share(largest)}"
        found[f"healthy {kind}s"] = (
            f"{nodes} answered by each node, so one serves from {share(serves)} on, and does not below {share(refuses)}"
        )
    return found


def converged(card: Card) -> str:
    """Whether copies were equal at the end."""
    differing = sum(len(run.final.differing) for run in card.runs)
    compared = sum(run.final.compared for run in card.runs)
    if not compared:
        return "not compared"
    return f"differ on {differing:,} of {compared:,} keys" if differing else f"equal on {compared:,} keys"


def definitions(card: Card) -> dict[str, str]:
    """The share of operations of each side that had an answer, by its three definitions."""
    found = {}
    names = {"responded": "A: any response", "answered": "A: no error", "in_time": "A: no error in time"}
    for name, words in names.items():
        parts = []
        for side in card.availability:
            of_side = [one for one in card.sides if one.side == side and not one.kind and _is_split(card, one)]
            waited = sum(one.tally.asked - (one.tally.pending if name != "in_time" else 0) for one in of_side)
            part = sum(getattr(one.tally, name) for one in of_side)
            parts.append(f"{side} {share(part / waited if waited else None)}")
        found[words] = ", ".join(parts)
    return found


def failover(card: Card) -> str:
    """The longest failover in a long split, and the sides that answered nothing in all of one."""
    took = {at: found for at, found in card.failovers.items() if found is not None}
    told = []
    if took:
        scenario, side = longest = max(took, key=lambda at: took[at])
        told.append(f"{took[longest] / 1e9:.1f} s at most, in the first long split ({_place(scenario)}{side})")
    silent = [f"{_place(scenario)}{side}" for (scenario, side), found in card.failovers.items() if found is None]
    if silent:
        told.append(f"none ({', '.join(silent)})")
    return "; ".join(told) or "not measured"


def _place(scenario: str) -> str:
    """The place of the leader in a split, before the name of a side; "" where no node leads."""
    _, _, place = scenario.partition(" on the ")
    return place and f"{place}: "


def lost(card: Card) -> str:
    """The number of acknowledged writes that are gone, of those that would be seen."""
    looked_for = sum(run.final.looked_for for run in card.runs)
    return f"{len(card.lost):,} of {looked_for:,} acknowledged writes that were looked for"


def stale(card: Card) -> str:
    """The number of stale reads, and by how much they were stale."""
    found = card.staleness
    if not found["stale"]:
        return f"0 of {found['reads']:,} reads"
    return (
        f"{found['stale']:,} of {found['reads']:,} reads, by {found['versions']:,} versions and "
        f"{found['milliseconds']:,.0f} ms at most"
    )


def _round_trips(number: float) -> str:
    return "1 round trip" if number == 1 else f"{number:g} round trips"


def latency(card: Card) -> str:
    """The healthy latency."""
    told = []
    for kind, found in card.latency_ms.items():
        trips = f", {_round_trips(found['round_trips'])}" if "round_trips" in found else ""
        told.append(
            f"{kind} p50 {format.milliseconds(found['p50'])} ms{trips}, p99 {format.milliseconds(found['p99'])} ms"
        )
    return "; ".join(told)


def claims(card: Card) -> str:
    """Each claim of the target, and whether it holds."""
    outside = card.claims_outside
    told = [f"{claim} {'not judged here' if claim in outside else HOLDS[said]}" for claim, said in card.claims.items()]
    return ", ".join(told) or "none"


def textbook(card: Card) -> str:
    """The claim of the textbook's table, whether it differs from what was found, and of what it is; "" without one."""
    line = claim_of(card.subject.target, card.subject.env, card.subject.nodes)
    if line is None:
        return ""
    differs = " (differs)" if card.finding.cap not in (line.claim, CapClass.UNDETERMINED) else ""
    return f"{line.claim}{differs}: {line.name}"


def missing(card: Card) -> list[str]:
    """Needs of the class, and why claims are open or not judged: a sentence each."""
    of_claims = [f"claim {claim}: not settled: {why}" for claim, why in card.open_claims.items()]
    outside = [f"claim {claim}: not judged here: {why}" for claim, why in card.claims_outside.items()]
    return [*card.finding.missing, *how_long(card), *of_claims, *outside]


def how_long(card: Card) -> list[str]:
    """The time of the runs that settle the class at least; nothing where no number of runs is known to do it."""
    finding = card.finding
    split = [run.windows for run in card.runs if any(window.split for window in run.windows)]
    if not split or not (finding.more_windows or finding.more_runs):
        return []
    runs = max(finding.more_runs, math.ceil(finding.more_windows / max(map(len, split))))
    lasts = max(window.stopped for windows in split for window in windows) / 1e9
    minutes = round(runs * lasts / 60)
    return [
        f"that is {runs} more run{'s' * (runs > 1)} with splits at least, of {lasts:.0f} s and what a start takes: "
        f"{minutes} minute{'s' * (minutes != 1)} or more (--resume with larger --seeds)"
    ]


def cost(found: OperationCost) -> str:
    """The cost of an operation, beside what the design says."""
    trips, messages, size = f"{found.round_trips:.1f}", f"{found.messages:.1f}", f"{found.bytes / 1000:.1f}"
    design = found.design
    if design is None:
        return f"{trips} round trips, {messages} messages, {size} kB; no design is on record"
    kilobytes = design.copies * VALUE_BYTES / 1000
    return (
        f"{trips} ({design.round_trips:g}) round trips, {messages} ({design.messages:g}) messages, "
        f"{size} ({kilobytes:g}) kB (in brackets: by design)"
    )


def consistency(card: Card, scenario: str) -> str:
    """The fate of linearizability in the runs of one scenario."""
    standing = card.under(scenario)
    decided = 0 if standing is None else standing.refuted + standing.confirmed
    if standing is None or not decided:
        return "not decided"
    return f"refuted in {standing.refuted} of {decided}" if standing.refuted else f"not refuted in {decided}"


def _rows(card: Card) -> list[tuple[str, ...]]:
    rows = list[tuple[str, ...]]()
    for scenario in card.measured:
        for number, side in enumerate(scenario.sides):
            found = card.of_kind(scenario.scenario, side)
            back = [one.recovery_ms[1] for one in found.values() if one.recovery_ms is not None]
            rows.append((scenario.scenario, side, interval(found[READ].in_time), interval(found[WRITE].in_time),
                         f"{max(back):,.0f}" if back else "–",
                         "" if number else consistency(card, scenario.scenario)))  # fmt: skip
    rows += [(name, "not run", "", "", "", "") for name in card.subject.not_run]
    return rows


def _is_split(card: Card, side: SideFigures) -> bool:
    return any(one.scenario == side.scenario for one in card.splits)


def _models(names: Sequence[str]) -> str:
    more = f" and {len(names) - MODELS_MAX} more" if len(names) > MODELS_MAX else ""
    return (", ".join(names[:MODELS_MAX]) or "none") + more
