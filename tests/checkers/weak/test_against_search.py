"""Every weak model against exhaustive search by its definition, and monotone along the lattice.

A hundred thousand histories each:

    .venv/bin/pytest -q -rP -m long tests/checkers/weak
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.common.per_key import UNOBSERVED
from splitbrain.checkers.common.registers import THIN_AIR, registers
from splitbrain.checkers.lattice import weaker
from splitbrain.checkers.spectrum import SpectrumCheck
from splitbrain.checkers.staleness.atomic import atomic_orders
from splitbrain.checkers.staleness.certificate import objection
from splitbrain.checkers.staleness.k_order import KeySearch, smallest_k
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import Event, History
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity

from . import exhaustive
from .exhaustive import Ops, history_of, holds, tiny, with_tokens

QUICK, LONG = 400, 100_000
SETTINGS: dict[str, dict[str, Setting]] = {"k-atomicity": {"k": 2}, "delta-atomicity": {"delta": 2.5}}
SETTLED: dict[str, Setting] = {"settle": 0}
NAIVE: dict[str, Callable[[Ops], bool]] = {
    "sequential": exhaustive.sequential,
    "per-key-sequential": exhaustive.per_key_sequential,
    "causal-consistency": exhaustive.causal_consistency,
    "causal-convergence": exhaustive.causal_convergence,
    "causal-memory": exhaustive.causal_memory,
    "pram": exhaustive.pram,
    "read-your-writes": exhaustive.read_your_writes,
    "monotonic-reads": exhaustive.monotonic_reads,
    "monotonic-writes": exhaustive.monotonic_writes,
    "writes-follow-reads": exhaustive.writes_follow_reads,
    "regular": exhaustive.regular,
    "safe": exhaustive.safe,
    "k-atomicity": lambda ops: exhaustive.within_k(ops, 2),
    "delta-atomicity": lambda ops: exhaustive.within_delta(ops, 2.5),
}
KNOW_TOKENS = ("causal-consistency", "causal-convergence", "causal-memory", "sequential")


def compare(model: str, naive: Callable[[Ops], bool], seed: int, count: int) -> None:
    """The verdicts of a model on so many histories; at least a tenth of those that observe anything are invalid."""
    random, check = Random(f"{model} {seed}"), CATALOGUE[model].make(SETTINGS.get(model))
    observed = invalid = compared = 0
    while observed < count:
        ops = tiny(random, 6 if model in ("writes-follow-reads", "monotonic-writes") else 5)
        verdict = check.check(history_of(ops), Budget())
        if UNOBSERVED in verdict.details:
            continue
        expected = Validity.VALID if holds(naive, ops) else Validity.INVALID
        assert verdict.value is expected, (ops, verdict)
        compared += 1
        # Of these two few histories are invalid by chance: most of the valid ones are passed over once seen.
        if expected is Validity.VALID and invalid * 8 < observed - 8:
            continue
        observed += 1
        invalid += expected is Validity.INVALID
    print(f"{model}: {compared} histories compared, {invalid} invalid")
    assert 10 * invalid >= count


@pytest.mark.parametrize("model", NAIVE)
def test_a_model_follows_its_definition(model: str) -> None:
    compare(model, NAIVE[model], 1, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", NAIVE)
def test_a_model_follows_its_definition_on_many(model: str) -> None:
    compare(model, NAIVE[model], 2, LONG)


def compare_with_tokens(seed: int, count: int) -> None:
    """The verdicts on so many histories with tokens; at least a tenth of them are invalid, and some by tokens, in the
    models that know them."""
    random, decisive, invalid = Random(f"tokens {seed}"), Counter[str](), Counter[str]()
    for _ in range(count):
        ops = with_tokens(random, tiny(random))
        history = history_of(ops)
        for model, naive in NAIVE.items():
            verdict = CATALOGUE[model].make(SETTINGS.get(model)).check(history, Budget())
            if UNOBSERVED in verdict.details:
                continue
            expected = Validity.VALID if holds(naive, ops) else Validity.INVALID
            assert verdict.value is expected, (ops, verdict)
            invalid[model] += expected is Validity.INVALID
            freed = tuple(replace(op, takes=None) for op in ops)
            decisive[model] += expected is Validity.INVALID and holds(naive, freed)
    print(f"tokens: {count} histories, invalid {invalid}, by tokens {decisive}")
    assert all(10 * invalid[model] >= count and 100 * decisive[model] >= count for model in KNOW_TOKENS)


def test_models_follow_their_definition_where_tokens_are_handed() -> None:
    compare_with_tokens(1, 150)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_models_follow_their_definition_where_tokens_are_handed_on_many() -> None:
    compare_with_tokens(2, LONG)


def converge(seed: int, count: int) -> None:
    """Assert that convergence is judged as by search, on so many histories with final reads."""
    random, check = Random(f"convergence {seed}"), CATALOGUE["convergence"].make(SETTLED)
    found: Counter[Validity] = Counter()
    while found.total() < count:
        ops = exhaustive.read_at_last(random)
        verdict = check.check(history_of(ops), Budget())
        if UNOBSERVED in verdict.details:
            continue
        assert verdict.value is exhaustive.convergence(ops), (ops, verdict)
        found[verdict.value] += 1
    print(f"convergence: {found}")
    assert 10 * min(found[Validity.VALID], found[Validity.INVALID]) >= count and found[Validity.UNKNOWN]


def test_convergence_follows_its_definition() -> None:
    converge(1, QUICK)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_convergence_follows_its_definition_on_many() -> None:
    converge(2, LONG)


def monotone(seed: int, count: int) -> None:
    """Assert that what each checker says by itself never contradicts what the lattice says of the others."""
    random = Random(f"lattice {seed}")
    settled = ("convergence", "strong-convergence")
    models = [name for name in (*NAIVE, *settled) if name not in SETTINGS]
    checks = {name: CATALOGUE[name].make(SETTLED if name in settled else None) for name in models}
    checks["linearizable"] = CATALOGUE["register"].make()
    refuted = 0
    for _ in range(count):
        history = history_of(tiny(random, 7))
        found = {name: check.check(history, Budget()).value for name, check in checks.items()}
        refuted += Validity.INVALID in found.values()
        for name, value in found.items():
            for below in weaker(name) & found.keys():
                contradiction = value is Validity.VALID and found[below] is Validity.INVALID
                assert not contradiction, (name, below, list(history))
    print(f"lattice: {count} histories, {refuted} refuted")
    assert 10 * refuted >= count


def test_verdicts_are_monotone_along_the_lattice() -> None:
    monotone(1, 500)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_verdicts_are_monotone_along_the_lattice_on_many() -> None:
    monotone(2, LONG)


def test_the_spectrum_says_what_each_checker_says() -> None:
    random = Random(3)
    for _ in range(60):
        ops = tiny(random)
        history = history_of(ops)
        details = SpectrumCheck(settle=0).check(history, Budget()).details
        for name in NAIVE:
            alone = CATALOGUE[name].make(SETTINGS.get(name)).check(history, Budget())
            if name not in SETTINGS and UNOBSERVED not in alone.details:
                assert (name in details["allowed"]) == (alone.value is Validity.VALID)
                assert (name in details["refuted"]) == (alone.value is Validity.INVALID)
        groups = [details[field] for field in ("allowed", "refuted", "undecided", "not_judged")]
        assert len(set().union(*groups)) == sum(map(len, groups)) == 17


def test_the_smallest_k_and_delta_are_those_of_search() -> None:
    random = Random(4)
    for _ in range(100):
        ops = tiny(random)
        details = SpectrumCheck(settle=0).check(history_of(ops), Budget()).details
        k, delta = details["smallest_k"], details["smallest_delta_ms"]
        if all(op.write for op in ops):
            continue
        if k is not None:
            assert holds(partial(exhaustive.within_k, k=k), ops)
            assert k == 1 or not holds(partial(exhaustive.within_k, k=k - 1), ops)
        if delta is not None:
            assert holds(partial(exhaustive.within_delta, milliseconds=delta), ops)
            assert delta == 0 or not holds(partial(exhaustive.within_delta, milliseconds=delta - 0.5), ops)


def test_zones_and_search_agree_on_one_atomicity() -> None:
    random, atomic = Random(6), 0
    for count in range(600):
        of = registers(history_of(tiny(random, 4 + count % 8)), "k-atomicity", None)
        if any(of.source[op] == THIN_AIR for op in of.reads()):
            continue
        for key, order in atomic_orders(of).items():
            ops = [op for op, found in enumerate(of.key) if found == key]
            found = KeySearch(of, ops, 1, Budget().start()).order()
            assert (order is None) == (found is None), (of.history, key)
            atomic += order is not None
    assert 100 < atomic < 1000


def test_a_lagging_copy_needs_the_k_by_which_it_lags() -> None:
    """Writes that overlap in pairs, each read in force, one, and two versions later."""
    events: list[Event] = []

    def add(process: int, kind: str, f: str, value: int | None) -> None:
        events.append(Event(index=0, time=0, process=process, type=kind, f=f, value=value))

    for number in range(0, 400, 2):
        add(0, "invoke", "write", number)
        add(1, "invoke", "write", number + 1)
        add(number // 2 % 2, "ok", "write", number + number // 2 % 2)
        add(1 - number // 2 % 2, "ok", "write", number + 1 - number // 2 % 2)
        for value in (number, number + 1, number - 1):
            if value >= 0:
                add(2, "invoke", "read", None)
                add(2, "ok", "read", value)
    of = registers(History.of(events), "k-atomicity", None)
    found = smallest_k(of, None, Budget().start())
    assert found.k == 3 and objection(of, found.order, 3) is None
    assert smallest_k(of, 2, Budget().start()).k is None


def test_values_written_twice_never_give_a_wrong_verdict() -> None:
    random, decided = Random(5), 0
    for _ in range(300):
        ops = tuple(replace(op, value=(op.value or 0) // 2 or op.value) for op in tiny(random))
        history = history_of(ops)
        for name in ("causal-consistency", "causal-convergence", "causal-memory", "pram", "sequential", "regular"):
            verdict = CATALOGUE[name].make().check(history, Budget())
            if verdict.value is not Validity.UNKNOWN:
                decided += 1
                expected = Validity.VALID if holds(NAIVE[name], ops) else Validity.INVALID
                assert verdict.value is expected, (name, ops, verdict)
    assert decided > 1_000
