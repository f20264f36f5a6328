"""Histories of the papers that defined the models, by figure."""

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.common.per_key import UNOBSERVED
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History

CAUSAL = ("causal-consistency", "causal-convergence", "causal-memory", "sequential")
BOUAJJANI: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "3a": (("wx1 rx2", "wx2 rx1"), {"causal-consistency", "causal-memory"}),
    "3b": (("wz1 wx1 wy1", "wx2 rz0 ry1 rx2"), {"causal-consistency", "causal-convergence"}),
    "3c": (("wx1", "wx2 rx1 rx2"), {"causal-consistency"}),
    "3d": (("wx1 ry0 wy1 rx1", "wx2 ry0 wy2 rx2"), {"causal-consistency", "causal-convergence", "causal-memory"}),
    "3e": (("wx1 wy1", "ry1 wx2", "rx2 rx1"), set()),
}
"""Bouajjani, Enea, Guerraoui, Hamza (POPL 2017), figure 3: sessions, and which models the caption says they satisfy."""
PATTERNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "CyclicCO": ("causal-consistency", ("rx1 wy1", "ry1 wx1")),
    "WriteCOInitRead": ("causal-consistency", ("wx1 wy1", "ry1 rx0")),
    "ThinAirRead": ("causal-consistency", ("wx1", "rx2")),
    "WriteCORead": ("causal-consistency", ("wx1 wy1", "ry1 wx2", "rx2 rx1")),
    "CyclicCF": ("causal-convergence", ("wx1 rx2", "wx2 rx1")),
    "WriteHBInitRead": ("causal-memory", ("wz1 wx1 wy1", "wx2 rz0 ry1 rx2")),
    "CyclicHB": ("causal-memory", ("wx1", "wx2 rx1 rx2")),
}
"""Their bad patterns (tables 1 to 3): the weakest model that each refutes, and a history with it."""

OTHERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "Tanenbaum & van Steen 2007, 7-5 (a)": (("wx1", "wx2", "rx2 rx1", "rx2 rx1"), ("sequential",), ()),
    "Tanenbaum & van Steen 2007, 7-5 (b)": (
        ("wx1", "wx2", "rx2 rx1", "rx1 rx2"), ("causal-memory", "pram"), ("sequential", "causal-convergence"),
    ),
    "Tanenbaum & van Steen 2007, 7-8": (
        ("wx1 wx3", "rx1 wx2", "rx1 rx3 rx2", "rx1 rx2 rx3"), ("causal-memory", "causal-consistency"),
        ("sequential", "causal-convergence"),
    ),
    "Tanenbaum & van Steen 2007, 7-9 (a)": (
        ("wx1", "rx1 wx2", "rx2 rx1", "rx1 rx2"), ("pram", "monotonic-reads", "monotonic-writes"),
        ("causal-consistency", "sequential"),
    ),
    "Tanenbaum & van Steen 2007, 7-9 (b)": (("wx1", "wx2", "rx2 rx1", "rx1 rx2"), ("causal-memory",), ("sequential",)),
    "Tanenbaum & van Steen 2002, 6-9": (
        ("wx1", "rx1 wx2 wx3", "rx2 rx1 rx3", "rx1 rx2 rx3"), ("pram", "monotonic-writes"), ("causal-consistency",),
    ),
    "Terry et al. 1994, a changed password": (("wx1 wx2 rx1",), ("monotonic-reads",), ("read-your-writes", "pram")),
    "Terry et al. 1994, a calendar": (
        ("wx1 wx2", "rx2 rx1"), ("read-your-writes", "writes-follow-reads"), ("monotonic-reads",),
    ),
    "Terry et al. 1994, an answer without its article": (
        ("wx1", "rx1 wy1", "ry1 rx0"), ("read-your-writes", "monotonic-reads", "monotonic-writes", "pram"),
        ("writes-follow-reads", "causal-consistency"),
    ),
    "Terry et al. 1994, a program without its library": (
        ("wx1 wy1", "ry1 rx0"), ("read-your-writes", "monotonic-reads", "writes-follow-reads"),
        ("monotonic-writes", "pram"),
    ),
}  # fmt: skip
"""Sessions, models that hold (or of which no read could say anything), and models that do not."""


def history(sessions: tuple[str, ...]) -> History:
    """One operation after another, session by session."""
    events: list[Event] = []
    for process, session in enumerate(sessions):
        for word in session.split():
            f, value = "write" if word[0] == "w" else "read", int(word[2:])
            for each in ("invoke", "ok"):
                events.append(Event(index=0, time=0, process=process, type=each, f=f, key=word[1], value=value))
    return History.of(events)


@pytest.mark.parametrize("figure", BOUAJJANI)
def test_a_figure_satisfies_what_its_caption_says(figure: str) -> None:
    sessions, satisfied = BOUAJJANI[figure]
    for model in CAUSAL:
        verdict = CATALOGUE[model].make({"initial": 0}).check(history(sessions), Budget())
        assert verdict.value == ("valid" if model in satisfied else "invalid"), verdict


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_bad_pattern_is_called_by_its_name(pattern: str) -> None:
    model, sessions = PATTERNS[pattern]
    verdict = CATALOGUE[model].make({"initial": 0}).check(history(sessions), Budget())
    assert verdict.details["anomaly"] == pattern
    assert verdict.witness is not None and verdict.witness.events


@pytest.mark.parametrize("example", OTHERS)
def test_an_example_satisfies_what_its_authors_say(example: str) -> None:
    sessions, held, refuted = OTHERS[example]
    for model in (*held, *refuted):
        verdict = CATALOGUE[model].make({"initial": 0}).check(history(sessions), Budget())
        if UNOBSERVED not in verdict.details:
            assert verdict.value == ("valid" if model in held else "invalid"), (model, verdict)
        assert model in held or verdict.value == "invalid"
