"""`splitbrain classify`: CP, AP, CA or neither, from what targets do under faults, and the evidence as a card."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from splitbrain.campaigns.execute import CampaignProgress
from splitbrain.classification.calls import CARDS, SEEDS, Classified, classify, is_folder
from splitbrain.classification.card import Card
from splitbrain.classification.changes import changes, earlier_cards
from splitbrain.classification.figures import MeasuredScenario, side_figures
from splitbrain.classification.letters import in_a_line
from splitbrain.classification.rule import CapClass
from splitbrain.classification.scenarios import SCENARIOS, SKEWED
from splitbrain.classification.words import lines
from splitbrain.cli.exits import INFRASTRUCTURE, INVALID, UNKNOWN, VALID, worst
from splitbrain.cli.output import err, out
from splitbrain.harness.announce import on_stderr
from splitbrain.harness.errors import UsageError
from splitbrain.results import format
from splitbrain.results.folder import safe_name
from splitbrain.results.sides import HIT
from splitbrain.textbook.systems import claim_of


@click.command("classify")
@click.argument("targets", nargs=-1, metavar="[TARGET|DIR]...")
@click.option("--all", "every", is_flag=True, help="All of the textbook's table that can be run, with its claims.")
@click.option("--env", metavar="NAME", help="Where nodes live; by default the first that a target offers.")
@click.option("--nodes", type=click.IntRange(1, 100), help="How many nodes; by default 5, of one copy 1.")
@click.option("--hosts", metavar="FILE.toml", help="The machines of --env ssh, one for each node.")
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="Another one is another sample.")
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=SEEDS, show_default=True, help="Runs a kind of split, at most."
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="How many runs at once; by default the cores there are.")
@click.option("--resume", is_flag=True, help="Go on with the runs that an earlier attempt has left in --out.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help=f"Folder of runs and cards; by default {CARDS}."
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="An earlier card.json, or folder of cards: invalid if a class, a letter or a claim is another one.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a target.")
def command(targets: tuple[str, ...], as_json: bool, baseline: Path | None, **asked: Any) -> int:
    """Say whether each TARGET is CP, AP, CA or neither, by what it does when the network splits, nodes die, stop, or
    have wrong clocks. DIR, a folder of an earlier classification: compute its cards again from its histories.

    Exit codes: 0 classified, and every claim of the target held; 1 a claim was refuted, or something is another one
    than in the baseline; 2 undetermined, or a claim was not settled; 3 infrastructure.
    """
    before = {} if baseline is None else earlier_cards(baseline)
    for word in targets:
        if baseline is not None and not is_folder(word) and word not in before:
            raise UsageError(f"--baseline {baseline}: there is no card of {word} in it")
    found = classify(*targets, progress=_round, say=on_stderr, **asked)
    if as_json:
        for line in json_lines(found):
            out(json.dumps(line, ensure_ascii=False))
    elif len(found.cards) == 1 and not found.not_run:
        first, *rest = lines(found.cards[0])
        out("\n".join((first, f"  {in_a_line(found.cards[0])}", *rest)))
    else:
        out("\n".join(grid(found)))
    folder = asked["out"] or CARDS
    if asked["out"] is not None or not all(map(is_folder, targets)):
        name = safe_name(found.cards[0].subject.target) if len(found.cards) == 1 else "TARGET"
        err(f"kept in {folder}; look at {folder}/{name}/card.html")
    for card in found.cards:
        if not card.runs and card.subject.failed:
            err(f"nothing could be run: {card.subject.target}: {card.subject.failed[0]}")
        for claim, why in card.open_claims.items():
            err(f"not settled: {card.subject.target}: claim {claim}: {why}")
        for claim, why in card.claims_outside.items():
            err(f"not judged here: {card.subject.target}: claim {claim}: {why}")
    codes = [code(card) for card in found.cards]
    if baseline is not None:
        codes += [_compared(card, before.get(card.subject.target)) for card in found.cards]
    return worst(codes)


def _compared(card: Card, before: Mapping[str, Any] | None) -> int:
    """Tell what is different since an earlier card; the exit code of that."""
    if before is None:
        err(f"not in the baseline: {card.subject.target}")
        return UNKNOWN
    found = changes(card, before)
    for told in found.changed:
        err(f"changed since the baseline: {card.subject.target}: {told}")
    for told in found.unsettled:
        err(f"not settled any more: {card.subject.target}: {told}")
    return INVALID if found.changed else UNKNOWN if found.unsettled else VALID


def json_lines(found: Classified) -> list[dict[str, Any]]:
    """Lines for machines: a card each, then what was not run."""
    told = []
    for card in found.cards:
        line = claim_of(card.subject.target, card.subject.env, card.subject.nodes)
        told.append(card.line() | ({} if line is None else {"textbook": line.claim}))
    for line, reason in found.not_run:
        about = {"target": line.target or None, "system": line.system, "configuration": line.configuration}
        told.append({**about, "class": None, "textbook": line.claim, "source": line.source, "not_run": reason})
    return told


def code(card: Card) -> int:
    """The exit code of one card. A claim that such runs cannot confirm in principle decides nothing."""
    if not card.runs:
        return INFRASTRUCTURE
    if False in card.claims.values():
        return INVALID
    if card.finding.cap is CapClass.UNDETERMINED:
        return INFRASTRUCTURE if card.subject.failed else UNKNOWN
    return UNKNOWN if card.open_claims else VALID


SHORT = re.compile(r" of (?:(?:a|the|one) )?")
"""The part of a scenario's name that a column has no room for."""
ORDER = (CapClass.CP, CapClass.AP, CapClass.CA, CapClass.NEITHER, CapClass.UNDETERMINED)


def grid(found: Classified) -> list[str]:
    """A line a target, sorted by class; what the target and the textbook claim beside it; then what each other fault
    does, and what was not run."""
    rows = [("target", "class", "reads", "writes", "PACELC", "minority", "majority", "lost", "claims", "textbook")]
    cards = sorted(found.cards, key=lambda card: (ORDER.index(card.finding.cap), card.subject.target))
    for card in cards:
        finding, line = card.finding, claim_of(card.subject.target, card.subject.env, card.subject.nodes)
        sides = (card.availability.get(side) for side in ("minority", "majority"))
        shares = (format.share(one.part, one.whole) if one else "–" for one in sides)
        said = "" if line is None else line.claim if line.claim == finding.cap else f"{line.claim} (differs)"
        rows.append((format.plain(card.subject.target), finding.cap.value, finding.reads.value, finding.writes.value,
                     card.pacelc, *shares, f"{len(card.lost):,}", _claims(card), said))  # type: ignore[arg-type] # fmt: skip
    told = [*format.table(rows, numbers=False), *_other_faults(cards)]
    for card in found.cards:
        if card.finding.cap is CapClass.UNDETERMINED:
            told += ["", f"undetermined: {format.plain(card.subject.target)}: {format.plain(card.finding.reason)}"]
    if found.not_run:
        told += ["", "not run:"]
        told += format.table(
            [("system", "textbook", "why"),
             *((format.plain(line.name), line.claim, format.plain(why)) for line, why in found.not_run)],
            numbers=False,
        )  # fmt: skip
    return told


def _other_faults(cards: Sequence[Card]) -> list[str]:
    """A line a target: the share of operations that nodes which a fault did not hit answered in time while it lasted,
    and whether runs with it refuted linearizability. Of skewed clocks, of all nodes."""
    seen = {one.scenario for card in cards for one in card.measured if not one.split}
    names = [scenario.name for scenario in SCENARIOS if scenario.name in seen]
    if not names:
        return []
    rows = [("under other faults", *(SHORT.sub(": ", name) for name in names))]
    for card in cards:
        measured = {one.scenario: one for one in card.measured}
        cells = (_under(card, measured[name]) if name in measured else "–" for name in names)
        rows.append((format.plain(card.subject.target), *cells))
    return ["", *format.table(rows, numbers=False)]


def _under(card: Card, scenario: MeasuredScenario) -> str:
    """The service of nodes that were not hit, and `refuted` if an answer was wrong."""
    sides = [side for side in scenario.sides if side != HIT or scenario.scenario == SKEWED]
    tallies = [side_figures(scenario, side).tally for side in sides]
    asked, in_time = sum(one.asked for one in tallies), sum(one.in_time for one in tallies)
    standing = card.under(scenario.scenario)
    served = format.share(in_time, asked) if asked else "–"
    return f"{served}, refuted" if standing is not None and standing.refuted else served


def _claims(card: Card) -> str:
    """Outcome of the claims of a target, in a few words; of those that can be judged, if there are any."""
    refuted = [claim for claim, holds in card.claims.items() if holds is False]
    if refuted:
        return f"refuted: {', '.join(refuted)}"
    if card.open_claims:
        return f"not settled: {', '.join(card.open_claims)}"
    if True in card.claims.values():
        return "hold"
    return "not judged here" if card.claims else "none"


def _round(number: int, targets: int) -> CampaignProgress:
    """The progress of a round, told when it begins."""
    some = "1 target" if targets == 1 else f"{targets} targets"
    if sys.stderr is not None:
        on_stderr(f"round {number + 1}: {some}")
    return CampaignProgress()
