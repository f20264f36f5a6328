"""Deductions from pieces of strings, and the kernel's built-in steps of strings: against the same search that calls the
model, and against trying every order; many small histories at once, each under a key of its own."""

import os
import secrets
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import MODELS, Call, Model, kernel
from splitbrain.checkers.porcupine.backend import open_backend
from splitbrain.checkers.porcupine.monitor_batch import by_strings
from splitbrain.checkers.porcupine.search_result import SearchResult
from splitbrain.checkers.porcupine.verify import is_proof, merged_order
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity

from .brute import linearizable

pytestmark = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built")

QUICK, LONG, AT_ONCE = 40_000, 1_000_000, 2_000
BRUTE = 40
"""Histories of which one is tried in every order, too."""

KV = MODELS["kv"].make({"precondition": "observe"})
INVOKE, OK, FAIL, INFO = map(int, EventType)

UNIQUE, REPEATED, BEGINNINGS, EXPECTING, MIXED = "unique", "repeated", "beginnings", "expecting", "mixed"
PIECES = {
    REPEATED: ("a;", "b;", "c;"),
    BEGINNINGS: ("a", "ab", "b", "c;", ""),
    EXPECTING: ("a", "b", "c"),
    MIXED: ("a", "é", "", 1, None),
}
"""Texts that are put and appended, where not everything is different."""


def asked(state: object, call: Call) -> object:
    """The step of a key, under a name that the kernel does not know by heart."""
    return KV.step(state, call)


SEARCHED = replace(KV, monitors=())
ASKED = replace(SEARCHED, step=asked)


class Object:
    """A key that clients use: honest, but for a get now and then, which loses, doubles or swaps pieces."""

    def __init__(self, random: Random, history: History, key: int, kind: str) -> None:
        self.random, self.history, self.name, self.kind = random, history, f"k{key}", kind
        self.state: object = ""
        self.first_process = 100 * key
        self.made = 0
        self.liar = random.random() < 0.7
        self.puts = random.choice((0.02, 0.2, 0.4))

    def play(self, size: int, clients: int, crashes: float) -> None:
        """Play `size` operations of `clients` clients."""
        random, idle = self.random, list(range(clients))
        going: list[list[Any]] = []
        fresh = clients
        while size or going:
            if size and idle and (not going or random.random() < 0.6):
                process = idle.pop(random.randrange(len(idle)))
                f, argument = self.call()
                self.tell(INVOKE, process, f, argument)
                going.append([process, f, argument, None, None])
                size -= 1
                continue
            op = random.choice(going)
            process, f, argument, ended, seen = op
            if ended is None:
                op[3:] = self.happen(f, argument) if random.random() >= crashes / 2 else (INFO, argument)
                if random.random() < crashes:
                    op[3:] = INFO, argument
                continue
            going.remove(op)
            if ended != INFO or random.random() < 0.5:
                self.tell(ended, process, f, seen)
            idle.append(process if ended != INFO else fresh)
            fresh += ended == INFO

    def call(self) -> tuple[str, object]:
        random = self.random
        if random.random() < 0.4:
            return "get", None
        if self.kind == EXPECTING and random.random() < 0.4:
            return "cas", (random.choice(("", "a", "b", "ab")), self.piece())
        if random.random() < self.puts:
            return "put", self.piece()
        return "append", next(piece for piece in iter(self.piece, 0) if isinstance(piece, str))

    def piece(self) -> object:
        self.made += 1
        if self.kind in PIECES and self.random.random() < 0.9:
            return self.random.choice(PIECES[self.kind])
        return f"{self.made};"

    def happen(self, f: str, argument: object) -> tuple[int, object]:
        if f == "get":
            return OK, self.lie() if self.liar and self.random.random() < 0.4 else self.state
        following = KV.step(self.state, Call(f, argument, argument))
        if following is porcupine.ILLEGAL:
            return FAIL, argument
        self.state = following
        return OK, argument

    def lie(self) -> object:
        if not isinstance(self.state, str) or not self.state:
            return self.state
        pieces = [f"{piece};" for piece in self.state.split(";") if piece] if ";" in self.state else list(self.state)
        place = self.random.randrange(len(pieces))
        match self.random.randrange(5):
            case 0:
                del pieces[place]
            case 1:
                pieces.insert(place, self.random.choice(pieces))
            case 2:
                pieces[place], pieces[0] = pieces[0], pieces[place]
            case 3:
                pieces = pieces[place:]
            case _:
                pieces = pieces[:place]
        return "".join(pieces)

    def tell(self, kind: int, process: int, f: str, value: object) -> None:
        error = ("precondition", "") if kind == FAIL else ("timeout", "") if kind == INFO else None
        self.history.add(kind, self.first_process + process, f, value, self.name, 0, None, error)


def many_keys(random: Random, keys: int, kinds: tuple[str, ...]) -> History:
    """Small histories of many keys, one after the other."""
    history = History()
    for key in range(keys):
        one = Object(random, history, key, random.choice(kinds))
        one.play(random.randint(2, 10), random.randint(1, 5), random.choice((0, 0, 0.2, 0.5)))
    return history


def seeded() -> Random:
    """A source of chance whose seed is printed if a test fails; SPLITBRAIN_TEST_SEED repeats it."""
    seed = int(os.environ.get("SPLITBRAIN_TEST_SEED") or secrets.randbits(32))
    print(f"SPLITBRAIN_TEST_SEED={seed}")
    return Random(seed)


def events_of(history: History) -> dict[int, list[Event]]:
    """The events of each key, by the id of its name."""
    out: dict[int, list[Event]] = {}
    for event, key in zip(history, history.key, strict=True):
        out.setdefault(key, []).append(event)
    return out


def searched(model: Model, history: History) -> dict[int, SearchResult]:
    """The verdicts of the compiled search on each key."""
    found = open_backend(model, history, Budget(configurations=1 << 40).start(), compiled=True)
    everything = list(range(len(found)))
    found._search(everything, 1 << 20)  # type: ignore[attr-defined]
    return {answer.key: answer for answer in map(found.result, everything)}


def assert_proofs(history: History, answers: dict[int, SearchResult]) -> None:
    """Assert that every order that was found is a proof: also for the compiled verifier, which trusts no other."""
    valid = {key for key, answer in answers.items() if answer.linearizable}
    alone = History()
    moved = {}
    for place, (event, key) in enumerate(zip(history, history.key, strict=True)):
        if key in valid:
            moved[place] = len(alone)
            alone.append(event)
    spending = Budget().start()
    order = merged_order(alone, [tuple(moved[place] for place in answers[key].order) for key in valid])
    assert porcupine.objection(KV, alone, order) is None
    assert is_proof(KV, alone, order, spending)


def differential(count: int) -> None:
    random, words = seeded(), Counter[str]()
    while words.total() < count:
        kinds = (UNIQUE, REPEATED, BEGINNINGS, EXPECTING, MIXED) if random.random() < 0.3 else (UNIQUE, REPEATED)
        history = many_keys(random, AT_ONCE, kinds)
        builtin, by_model = searched(SEARCHED, history), searched(ASKED, history)
        for key, answer in builtin.items():
            other = by_model[key]
            assert (answer.linearizable, answer.next_return) == (other.linearizable, other.next_return), events_of(
                history
            )[key]
        assert_proofs(history, builtin)
        compare_pieces(history, builtin, words)
        parts = events_of(history)
        for key in sorted(parts)[random.randrange(BRUTE) :: BRUTE]:
            expected = linearizable(KV, parts[key])
            assert expected if key not in builtin else builtin[key].linearizable == expected, parts[key]
    print(f"{words.total()} histories: {dict(words)}")
    assert min(words["valid by pieces"], words["searched"]) > count // 10
    assert words["invalid by pieces"] > count // 20
    assert words["invalid"] + words["invalid by pieces"] > count // 10


def compare_pieces(history: History, expected: dict[int, SearchResult], words: Counter[str]) -> None:
    """Compare the pieces of the keys that have nothing but texts, got, put and appended."""
    plain = History.of(event for event in history if event.f != "cas")
    without = {key for key, events in events_of(history).items() if any(event.f == "cas" for event in events)}
    found = by_strings(
        KV, plain, Budget().start(), lambda keys: open_backend(SEARCHED, plain, Budget().start(), only=keys)
    )
    if found is None:  # no key qualifies
        words["searched"] += len(expected)
        return
    names, parts = history.pool, events_of(plain)
    alone = {}
    for answer in map(found.result, range(len(found))):
        key = names.id(plain.pool.values[answer.key])
        if key in without:
            continue
        right = expected[key]
        if not answer.searched:
            words["searched" if right.linearizable else "invalid"] += 1
            continue
        assert answer.linearizable == right.linearizable, parts[answer.key]
        words["valid by pieces" if answer.linearizable else "invalid by pieces"] += 1
        if answer.linearizable:
            alone[answer.key] = answer
        else:
            refuting = {place for invoked in answer.core for place in (invoked, plain.partner[invoked])} - {ABSENT}
            core = [plain.event(place) for place in sorted(refuting)]
            few = len(core) <= 20
            assert not (linearizable(KV, core) if few else searched_alone(core)), parts[answer.key]
    assert_proofs(plain, alone)


def searched_alone(events: list[Event]) -> bool | None:
    """The verdicts of the search on these."""
    (answer,) = searched(SEARCHED, History.of(events)).values()
    return answer.linearizable


def test_pieces_and_texts_by_heart_agree_with_the_model() -> None:
    differential(QUICK)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_pieces_and_texts_by_heart_agree_with_the_model_at_length() -> None:
    differential(LONG)


def test_larger_histories_agree_with_the_search() -> None:
    random, words = seeded(), Counter[str]()
    for _ in range(150):
        history = History()
        for key in range(4):
            Object(random, history, key, random.choice((UNIQUE, UNIQUE, REPEATED))).play(
                60, random.randint(2, 5), random.choice((0, 0, 0.03))
            )
        compare_pieces(history, searched(SEARCHED, history), words)
    assert min(words["valid by pieces"], words["invalid by pieces"]) > 50


def told_of(*calls: tuple[int, str, str, str | None]) -> History:
    """Operations of one key: process, what, and value; those of one name overlap nobody. `+` begins, `-` ends one."""
    history = History()
    for process, what, f, value in calls:
        for kind in (INVOKE, OK) if what == "" else (INVOKE if what == "+" else OK,):
            history.add(kind, process, f, None if f == "get" and kind == INVOKE else value, "k", len(history), None)
    return history


def test_values_alone_are_those_of_the_verdicts() -> None:
    random, words = seeded(), Counter[Validity]()
    histories = [many_keys(random, random.randint(1, 3), (UNIQUE, REPEATED, MIXED)) for _ in range(1500)]
    for history, value in zip(histories, porcupine.values_of(KV, histories), strict=True):
        assert value is porcupine.check(KV, history, explain=False).value, list(history)
        words[value] += 1
    assert min(words.values()) > 20 and len(words) == 3


def test_who_appended_what_is_told_by_times() -> None:
    """A text that is appended twice, far apart, so that it is certain who saw which; or a get that saw what was not
    there yet."""
    good = told_of(
        (0, "", "append", "a;"), (0, "", "get", "a;"), (0, "", "append", "b;"), (1, "", "append", "a;"),
        (0, "", "get", "a;b;a;"),
    )  # fmt: skip
    found = by_strings(KV, good, Budget().start(), lambda keys: pytest.fail("nothing is to be searched"))
    assert found is not None and found.result(0).linearizable
    early = told_of(
        (0, "", "append", "a;"), (0, "", "append", "b;"), (0, "", "get", "a;b;a;"), (1, "", "append", "a;"),
        (0, "", "get", "a;b;a;"),
    )  # fmt: skip
    assert porcupine.check(KV, early).value is Validity.INVALID


def test_a_key_that_pieces_do_not_tell_of_is_searched() -> None:
    history = told_of((0, "", "append", "a;"), (0, "", "get", "a;"))
    for process in (1, 2):
        history.add(INVOKE, process, "append", "b", "twice", 0, None)
    for process in (1, 2):
        history.add(OK, process, "append", "b", "twice", 0, None)
    for kind, value in ((INVOKE, None), (OK, "bb")):
        history.add(kind, 0, "get", value, "twice", 0, None)
    verdict = porcupine.check(KV, history)
    assert verdict.value is Validity.VALID
    assert [child.details["configurations"] > 0 for child in verdict.children] == [False, True]
    history.add(INVOKE, 0, "get", None, "twice", 0, None)
    history.add(OK, 0, "get", "b", "twice", 0, None)
    verdict = porcupine.check(KV, history)
    assert verdict.value is Validity.INVALID
    assert verdict.witness is not None and verdict.witness.words[0].startswith("key twice")


def test_without_explanations_one_invalid_key_is_enough() -> None:
    history = History()
    for key in ("one", "other"):
        for kind, f, value in (
            (INVOKE, "append", "a;"),
            (OK, "append", "a;"),
            (INVOKE, "get", None),
            (OK, "get", "b;"),
        ):
            history.add(kind, 0, f, value, key, 0, None)
    values = [child.value for child in porcupine.check(KV, history).children]
    assert values == [Validity.INVALID, Validity.INVALID]
    values = [child.value for child in porcupine.check(KV, history, explain=False).children]
    assert values == [Validity.INVALID, Validity.UNKNOWN]


def test_hundreds_of_appends_at_once_need_no_search() -> None:
    """The order of appends, known from what one get saw last."""
    history = History()
    pieces = [f"{number};" for number in range(300)]
    for kind in (INVOKE, OK):
        for process, piece in enumerate(pieces):
            history.add(kind, process, "append", piece, "k", 0, None)
    for kind, value in ((INVOKE, None), (OK, "".join(reversed(pieces)))):
        history.add(kind, 0, "get", value, "k", 0, None)
    verdict = porcupine.check(KV, history)
    assert verdict.value is Validity.VALID
    assert verdict.details["configurations"] == 0


@pytest.mark.parametrize("text", ["ä", "", "\U0001f600", "a\0b"])
def test_texts_of_every_width(text: str) -> None:
    right = told_of((0, "", "append", "x;"), (0, "", "append", f"{text};"), (0, "", "get", f"x;{text};"))
    assert porcupine.check(KV, right).value is Validity.VALID
    wrong = told_of((0, "", "append", "x;"), (0, "", "append", f"{text};"), (0, "", "get", f"{text};x;"))
    assert porcupine.check(KV, wrong).value is Validity.INVALID


def test_a_text_without_utf8_is_left_to_the_model() -> None:
    right = told_of((0, "", "append", "\ud800;"), (0, "", "get", "\ud800;"))
    assert porcupine.check(KV, right).value is Validity.VALID
    wrong = told_of((0, "", "append", "\ud800;"), (0, "", "get", "\ud801;"))
    assert porcupine.check(KV, wrong, explain=False).value is Validity.INVALID
