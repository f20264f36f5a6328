"""All generators, however composed, keep the protocol."""

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.harness import generator as g
from splitbrain.harness.generator import Answer, Completion, Context, Done, Generator
from splitbrain.harness.operation import EventType, Operation

OPERATIONS = [Operation("write", n) for n in range(5)]


def write(context: Context) -> Operation:
    return Operation("write", context.draws.below(1000))


def odd(operation: Operation) -> bool:
    return operation.value % 3 != 0


INDEPENDENT = st.sampled_from([g.repeat(Operation("write", 1)), g.calls(write), g.deal(OPERATIONS), g.nothing()])
SHARED = st.sampled_from([g.once(Operation("write", 2)), g.sequence(OPERATIONS)])
SECONDS = st.sampled_from([0.002, 0.01])
COUNTS = st.integers(0, 4)


def grown(inner: st.SearchStrategy[Generator]) -> st.SearchStrategy[Generator]:
    """Combinators under which an operation stays a function of (seed, thread, ordinal), if it was one."""
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: g.mix(*parts)),
        several.map(lambda parts: g.alternate(*parts)),
        several.map(lambda parts: g.then(*parts)),
        several.map(lambda parts: g.phases(*parts)),
        st.builds(lambda a, b: g.reserve((1, a), rest=b), inner, inner),
        st.builds(lambda n, a: g.per_thread(g.limit(n, a)), COUNTS, inner),
        st.builds(lambda n, a: g.cycle(a, n), COUNTS, inner),
        st.builds(lambda a: g.on_threads([0, 2], a), inner),
        st.builds(g.per_thread, inner),
        st.builds(lambda a: g.rate(400.0, a), inner),
        st.builds(g.delay, SECONDS, inner),
        st.builds(lambda s, a: g.then(g.sleep(s), a), SECONDS, inner),
        st.builds(lambda a: g.rename({"write": "w"}, a), inner),
    )


def grown_further(inner: st.SearchStrategy[Generator]) -> st.SearchStrategy[Generator]:
    return st.one_of(
        grown(inner),
        st.builds(g.limit, COUNTS, inner),
        st.builds(g.time_limit, SECONDS, inner),
        st.builds(g.process_limit, COUNTS, inner),
        st.builds(g.any_of, inner, inner),
        st.builds(g.until_ok, inner),
        st.builds(g.per_process, inner),
        st.builds(lambda a: g.keep(odd, g.any_of(g.sequence(OPERATIONS), a)), st.just(g.nothing())),
    )


ALL = st.recursive(st.one_of(INDEPENDENT, SHARED), grown_further, max_leaves=6)


class Question(NamedTuple):
    """A generator that was asked, by whom and when, and what it said."""

    asked: Generator
    context: tuple[int, int, int, int, int, int, Any]
    answer: Answer
    after: Generator


class Watched:
    """A generator that passes everything on, and remembers every question."""

    def __init__(self, inner: Generator, questions: list[Question]) -> None:
        self.inner, self.questions = inner, questions

    def next(self, c: Context) -> tuple[Answer, Generator]:
        answer, after = self.inner.next(c)
        asked = (c.seed, c.thread, c.ordinal, c.now, c.process, c.busy, c.threads)
        self.questions.append(Question(self.inner, asked, answer, after))
        return answer, self if after is self.inner else Watched(after, self.questions)

    def update(self, completion: Completion) -> Generator:
        after = self.inner.update(completion)
        return self if after is self.inner else Watched(after, self.questions)


def by_time(moment: g.Moment) -> EventType:
    return EventType(1 + moment.time // 1_000_000 % 3)


def asked(generator: Generator) -> tuple[list[g.Moment], list[Question]]:
    questions: list[Question] = []
    return g.simulate(Watched(generator, questions), seconds=0.1, operations=200, ends=by_time), questions


@settings(max_examples=150)
@given(ALL)
def test_a_generator_asked_twice_gives_the_same(generator):
    _, questions = asked(generator)
    for question in questions:
        answer, after = question.asked.next(Context(*question.context))
        assert answer == question.answer
        assert after == question.after


@settings(max_examples=150)
@given(ALL)
def test_done_is_for_ever(generator):
    done = set()
    for question in asked(generator)[1]:
        thread = question.context[1]
        assert thread not in done or isinstance(question.answer, Done)
        if isinstance(question.answer, Done):
            done.add(thread)
            answer, _ = question.after.next(Context(*question.context))
            assert isinstance(answer, Done)


@settings(max_examples=150)
@given(ALL)
def test_nobody_waits_for_what_is_over(generator):
    for question in asked(generator)[1]:
        until = getattr(question.answer, "until", None)
        assert until is None or until > question.context[3]


@settings(max_examples=150)
@given(ALL)
def test_the_world_is_never_stuck(generator):
    """Something under way while all threads wait for something to happen."""
    moments, questions = asked(generator)
    last = {question.context[1]: question.answer for question in questions}
    waiting = [a for a in last.values() if isinstance(a, g.Wait) and a.until is None]
    under_way = any(m.time + 1_000_000 >= 100_000_000 for m in moments) or len(moments) >= 200
    assert not waiting or under_way or any(isinstance(a, g.Wait) and a.until is not None for a in last.values())


@settings(max_examples=100)
@given(st.recursive(INDEPENDENT, grown, max_leaves=5), st.integers(0, 3))
def test_an_operation_is_a_function_of_seed_thread_and_ordinal(generator, seed):
    def per_thread(latency_ms: float) -> list[list[Operation]]:
        moments = g.simulate(generator, seed=seed, latency_ms=latency_ms, seconds=0.5, operations=300)
        return [[m.operation for m in moments if m.thread == thread] for thread in range(3)]

    for quick, slow in zip(per_thread(0.3), per_thread(7.0), strict=True):
        shared = min(len(quick), len(slow))
        assert quick[:shared] == slow[:shared]
