"""A card in Markdown: for a repository, a pull request or a page of documentation."""

from splitbrain.classification.card import Card
from splitbrain.classification.windows import READ, WRITE
from splitbrain.classification.words import consistency, facts, interval, missing
from splitbrain.results.format import plain


def markdown(card: Card) -> str:
    """The whole card."""
    finding = card.finding
    lines = [f"# {_text(card.subject.target)}: {finding.cap.value}", "", _text(finding.reason) + ".", ""]
    if card.subject.summary:
        lines[2:2] = [_text(card.subject.summary) + ".", ""]
    if finding.alarm:
        lines += [f"**Alarm:** {_text(finding.alarm)}", ""]
    lines += ["| | |", "|---|---|", *(f"| {_text(name)} | {_text(value)} |" for name, value in facts(card).items()), ""]
    absent = missing(card)
    if absent:
        lines += ["What is missing:", "", *(f"- {_text(one)}" for one in absent), ""]
    lines += [
        "## Who is served",
        "",
        "Answered within the deadline, with 95 % intervals over fault windows; what the runs say of linearizability.",
        "",
        "| scenario | side | reads | writes | refused | timed out | unknown | linearizable |",
        "|---|---|---|---|--:|--:|--:|---|",
    ]
    for scenario in card.measured:
        for number, side in enumerate(scenario.sides):
            found = card.of_kind(scenario.scenario, side)
            total = found[READ].tally + found[WRITE].tally
            counts = f"{total.refused:,} | {total.timed_out + total.pending:,} | {total.unknown:,}"
            said = "" if number else consistency(card, scenario.scenario)
            shares = f"{interval(found[READ].in_time)} | {interval(found[WRITE].in_time)}"
            lines.append(f"| {_text(scenario.scenario)} | {side} | {shares} | {counts} | {said} |")
    lines += [f"| {_text(name)} | not run: {_text(why)} | | | | | | |" for name, why in card.subject.not_run.items()]
    refuted = {name: standing for name, standing in card.models.items() if standing.refuted}
    if refuted:
        lines += ["", "## What was refuted", "", "| model | runs | why | first seen in |", "|---|--:|---|---|"]
        for name, standing in refuted.items():
            runs = f"{standing.refuted} of {standing.refuted + standing.confirmed}"
            seen = f"`{standing.first.run}`" if standing.first is not None and standing.first.run else ""
            lines.append(f"| {name} | {runs} | {_text(standing.reason)} | {seen} |")
    if card.lost:
        lines += ["", "## Acknowledged writes that are gone", ""]
        for gone in card.lost[:10]:
            lines.append(f"- `{_text(str(gone.key))}` = {_text(str(gone.value))}, through {gone.node} at "
                         f"{gone.at / 1e9:.3f} s")  # fmt: skip
        lines += [f"- and {len(card.lost) - 10:,} more"] * (len(card.lost) > 10)
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    """Words from anywhere, so that Markdown shows them as they are."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in plain(words))
