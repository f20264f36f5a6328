"""States that nodes marked: relations in the place of numbers, and the same ones for the same seed."""

from splitbrain.harness.marked_states import STATES_MAX, WORDS_MAX, MarkedStates
from splitbrain.harness.marks import START, Marks


def states(*marks, nodes=("n1", "n2")):
    """The states of marks given as (node, name, values …), after all nodes have started."""
    published = Marks()
    found = MarkedStates(published)
    for node in nodes:
        published.publish(node, 0, START, ())
    for node, name, *values in marks:
        published.publish(node, 0, name, tuple(values))
    return [word for word in found.words() if not word.startswith(f"{START}(")]


def test_a_number_is_how_it_stands_to_the_one_before_and_to_the_highest():
    assert states(("n1", "term", 7)) == ["term(first ahead) after start"]
    assert states(("n1", "term", 7), ("n2", "term", 6), ("n1", "term", 8), ("n1", "term", 8)) == [
        "term(first ahead) after start",
        "term(first behind) after start",
        "term(next ahead) after term",
        "term(same level) after term",
    ]
    assert "term(back behind) after term" in states(("n1", "term", 7), ("n1", "term", 5))
    assert "term(up ahead) after term" in states(("n1", "term", 7), ("n1", "term", 9))


def test_other_numbers_in_the_same_relation_are_no_other_state():
    first = states(("n1", "term", 1), ("n2", "commit", 10, True), ("n1", "term", 3))
    assert first == states(("n1", "term", 4), ("n2", "commit", 99, True), ("n1", "term", 16))
    assert first != states(("n1", "term", 4), ("n2", "commit", 99, False), ("n1", "term", 16))


def test_names_of_nodes_words_and_texts():
    assert states(("n1", "voted", "n1"), ("n2", "voted", "n1")) == [
        "voted(other) after start",
        "voted(self) after start",
    ]
    assert states(("n1", "saga", "undone", "key 7", (1, 2), None)) == ["saga(undone, text, tuple, None) after start"]
    many = [("n1", "said", "a" * n) for n in range(1, WORDS_MAX + 3)]
    assert "said(text) after said" in states(*many)
    assert len(states(*many)) == WORDS_MAX + 1


def test_a_store_whose_marks_never_repeat_is_cut_off():
    published = Marks()
    found = MarkedStates(published)
    for number in range(STATES_MAX + 10):
        published.publish("n1", 0, f"mark {number}", ())
    assert len(found.words()) == STATES_MAX


def test_the_same_seed_reaches_the_same_states_and_counting_them_changes_nothing():
    from splitbrain.runner.execute import execute_in_memory
    from splitbrain.runner.plan import plan
    from splitbrain.runner.spec import RunSpec

    def run(counted):
        made = plan(RunSpec("raft", nemesis="kill", time_limit=2, nodes=3, seed=4))
        found = MarkedStates(made.environment.marks) if counted else None
        with execute_in_memory(made) as done:
            return list(done.recorder.history.time), found and found.words()

    (with_it, words), (again, same), (without, _) = run(True), run(True), run(False)
    assert words == same and len(words) > 50
    assert with_it == again == without
