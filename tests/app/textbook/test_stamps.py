"""Stamps beside what happened before what: the relation, the counts of pairs, and stores with and without a bug."""

from splitbrain.harness.marks import MarkEvent
from splitbrain.textbook.happened_before import HappenedBefore, StampedUpdate
from splitbrain.textbook.stamps import NOT_ADVANCED, SPLIT, PairCounts, followed


def of_marks(*marks: tuple[str, tuple[object, ...]]) -> list[StampedUpdate]:
    """The updates that these marks tell of: node, and an update that it makes, or the name of one that it takes."""
    heard = HappenedBefore()
    for time, (node, values) in enumerate(marks):
        heard.hear(MarkEvent(node, time, "made" if len(values) == 4 else "has", values))
        if len(values) == 4:
            heard.hear(MarkEvent(node, time, "has", values[0]))  # type: ignore[arg-type]
    return heard.updates


def test_what_a_node_took_happened_before_what_it_makes_and_so_did_the_causes_of_that() -> None:
    first, second, third, other = of_marks(
        ("n1", (("n1", 1), 1, {}, 0)),
        ("n2", ("n1", 1)),
        ("n2", (("n2", 1), 2, {"n1": 1}, 0)),
        ("n3", ("n2", 1)),
        ("n3", (("n3", 1), 3, {"n2": 1}, 0)),
        ("n4", (("n4", 1), 1, {}, 0)),
    )
    assert (first.past, second.past, third.past, other.past) == (0, 0b1, 0b11, 0)
    assert (first.brought, second.brought, third.brought, other.brought) == (0, 0b1, 0b11, 0)


def test_pairs_are_counted_by_what_is_so_and_by_what_stamps_and_vectors_say() -> None:
    updates = of_marks(
        ("n1", (("n1", 1), 5, {}, 0)),
        ("n2", ("n1", 1)),
        ("n2", (("n2", 1), 5, {}, 0)),
        ("n3", (("n3", 1), 9, {"n1": 1}, 0)),
    )
    counts = PairCounts()
    counts.add(updates)
    assert (counts.causes, counts.wrong, counts.told) == (1, 1, 0), "n2 took it, and neither stamp nor vector say so"
    assert (counts.concurrent, counts.ordered, counts.told_concurrent) == (2, 2, 1), "the vector of n3 says too much"


def test_a_clock_that_does_not_hear_puts_effects_before_causes_and_the_correct_one_never() -> None:
    counts = {}
    for target in ("causal", f"causal:{NOT_ADVANCED}"):
        counts[target] = PairCounts()
        counts[target].add(followed(target, 1, schedule=SPLIT, time_limit=7.0, rate=30.0))
    correct, buggy = counts.values()
    assert correct.wrong == 0 < buggy.wrong
    assert correct.causes == correct.told > 0 and correct.concurrent == correct.told_concurrent > 0
