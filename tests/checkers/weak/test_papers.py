"""Histories of the papers that defined the models, by figure."""

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
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
