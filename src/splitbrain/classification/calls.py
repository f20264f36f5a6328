"""`splitbrain.classify`: CP or AP, as a call."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain import registry
from splitbrain.campaigns.execute import CampaignProgress
from splitbrain.classification.badge import badge
from splitbrain.classification.card import Card
from splitbrain.classification.card_file import card_file
from splitbrain.classification.markdown import markdown
from splitbrain.classification.page import render
from splitbrain.classification.record import ClassificationFolder
from splitbrain.classification.rounds import Classification, base_spec, carry_out
from splitbrain.classification.scenarios import SEEDS_BLOCK
from splitbrain.harness.announce import Say, silently
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import write_whole
from splitbrain.textbook.systems import TextbookClaim, textbook

CARDS = Path("cards")
SEEDS = 8
Rounds = Callable[[int, int], CampaignProgress]
"""Maker of the progress of a round from its number and the number of targets that it is about."""


@dataclass(frozen=True)
class Classified:
    """Cards, in order of the targets. not_run: lines of the textbook that were not run, each with why."""

    cards: tuple[Card, ...]
    not_run: tuple[tuple[TextbookClaim, str], ...] = ()


def classify(
    *targets: str | Path,
    every: bool = False,
    env: str | None = None,
    nodes: int | None = None,
    hosts: str | None = None,
    seed: int = 1,
    seeds: int = SEEDS,
    jobs: int | None = None,
    resume: bool = False,
    out: Path | str | None = None,
    progress: Rounds = lambda number, targets: CampaignProgress(),
    say: Say = silently,
) -> Classified:
    """Classify targets by what they do under faults: `classify("raft", "quorum:w=1,r=1")`.

    targets: as for `run`; or folders of earlier classifications, as Path or with a slash, whose cards are computed
    again from their histories. every: all that the textbook has and that can be run in `env`, by default the simulator;
    then no targets are named.
    nodes, hosts: as for `run`. seed: another one is another sample. seeds: runs of each kind of split, at most. jobs:
    runs at once. resume: go on with the runs that an earlier attempt with the same seed has left in `out`. out: the
    folder that gets the runs and the cards, by default `cards`; cards computed again are written only if it is given.

    UsageError for what does not exist or does not fit, before anything starts.
    """
    if not 1 <= seeds <= SEEDS_BLOCK:
        raise UsageError(f"seeds is a whole number from 1 to {SEEDS_BLOCK}, not {seeds}")
    if seed < 1:
        raise UsageError(f"seed is a whole number of at least 1, not {seed}")
    if every and targets:
        named = ", ".join(str(word) for word in targets)
        raise UsageError(
            f"--all is every target of the textbook, and {named} was named beside it: leave out one or the other"
        )
    folders = [Path(word) for word in targets if is_folder(word)]
    words = list(dict.fromkeys(str(word) for word in targets if not is_folder(word)))
    cards = [card for path in folders for card in again(path)]
    if out is not None and cards:
        place = ClassificationFolder.create(Path(out))
        for card in cards:
            write_card(place.of(card.subject.target), card)
    not_run: list[tuple[TextbookClaim, str]] = []
    given: dict[str, object] = {"env": env, "hosts": hosts}
    found = [Classification.of(base_spec(word, nodes, **given)) for word in words]
    if every:
        for line, reason in _of_textbook(env or "sim"):
            if reason is not None:
                not_run.append((line, reason))
            else:
                found.append(Classification.of(base_spec(line.target, nodes or line.nodes, **given)))
    if found:
        folder = ClassificationFolder.create(Path(out or CARDS))
        carry_out(found, folder, seed=seed, seeds=seeds, jobs=jobs, resume=resume, progress=progress, say=say)
        for one in found:
            write_card(folder.of(one.subject.target), one.card)
        cards += [one.card for one in found]
    if not cards:
        raise UsageError("nothing to classify: name a target, or the folder of an earlier classification, or --all")
    return Classified(tuple(cards), tuple(not_run))


def is_folder(word: str | Path) -> bool:
    """Whether a word names the folder of a classification, not a target, even one with a file in its options. A folder
    with the name of a target is written `./NAME`."""
    if isinstance(word, Path):
        return True
    name, colon, _ = word.partition(":")
    if name in registry.TARGETS or (colon and name.endswith(".py")):
        return False
    return "/" in word or Path(word).is_dir()


def again(path: Path) -> list[Card]:
    """The cards of an earlier classification, computed from its histories alone."""
    folder = ClassificationFolder.open(path)
    return [folder.card(subject, again=True) for subject in folder.subjects()]


def write_card(path: Path, card: Card) -> None:
    """Write the files of a card into a folder."""
    path.mkdir(parents=True, exist_ok=True)
    write_whole(path / "card.json", json.dumps(card_file(card), indent=1, ensure_ascii=False) + "\n")
    write_whole(path / "card.md", markdown(card))
    write_whole(path / "card.html", render(card))
    write_whole(path / "badge.svg", badge(card))


def _of_textbook(env: str) -> Sequence[tuple[TextbookClaim, str | None]]:
    """Each line of the textbook, and why it cannot be run there; None where it can."""
    found: list[tuple[TextbookClaim, str | None]] = []
    for line in textbook():
        reason = None
        if not line.target:
            reason = line.reason or "there is no such target"
        elif line.env != env:
            reason = f"it runs with --env {line.env}"
        else:
            try:
                Classification.of(base_spec(line.target, line.nodes, env=env))
            except UsageError as error:
                reason = str(error)
        found.append((line, reason))
    return found
