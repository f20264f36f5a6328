"""Jepsen's answers on histories that its users publish, given by domain checks, and every check in the catalogue sound
in its settings."""

from pathlib import Path
from typing import Any

import pytest

from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.checkers.domain.bank import BankCheck
from splitbrain.checkers.domain.unique_ids import UniqueIdsCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity

from ..porcupine.histories import recorded

DATA = Path(__file__).parents[3] / "shared" / "data"
DOMAIN = ("set", "set-full", "counter", "bank", "long-fork", "unique-ids")


def known() -> list[tuple[str, str, dict[str, str], str]]:
    """(file, model, options, verdict) of the table beside the data; empty if it is not there."""
    table = DATA / "expected.tsv"
    if not table.exists():
        return []
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    out = []
    for file, _, words, verdict in rows:
        model, *options = words.split(" ")
        if model in DOMAIN:
            out.append((file, model, dict(option.split("=") for option in options), verdict))
    return out


@pytest.mark.parametrize(("file", "model", "options", "verdict"), known())
def test_known_answers(file: str, model: str, options: dict[str, str], verdict: str) -> None:
    entry = CATALOGUE[model]
    found = entry.make(settle(entry.options, options, model)).check(read(DATA / file), Budget())
    assert found.value == verdict, found


def test_the_known_answers_are_there() -> None:
    if not known():
        pytest.skip(f"no table of known answers at {DATA}")
    assert {model for _, model, _, _ in known()} == {"set", "set-full", "counter", "bank", "long-fork"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_check_that_saw_nothing_knows_nothing(name: str) -> None:
    verdict = CATALOGUE[name].make().check(History(), Budget())
    assert verdict.value is Validity.UNKNOWN
    assert "nothing could have refuted the model" in verdict.reason


@pytest.mark.parametrize("name", CATALOGUE)
def test_entries_say_what_they_are(name: str) -> None:
    entry = CATALOGUE[name]
    assert entry.name == name
    assert entry.summary and "\n" not in entry.summary and len(entry.summary) <= 110
    assert all(option.meaning for option in entry.options)


def test_an_identifier_given_twice_is_told() -> None:
    lines = [
        f"{p} {kind} generate{value}" for p, value in ((0, " 5"), (1, " 6"), (2, " 5")) for kind in ("invoke", "ok")
    ]
    verdict = UniqueIdsCheck().check(recorded(*lines), Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason == "n3 (process 2) was given 5 at 0.005 s, which n1 (process 0) was given too, at 0.001 s"
    assert UniqueIdsCheck().check(recorded(*lines[:4]), Budget()).value is Validity.VALID


def accounts(*reads: dict[str, int | None], transfer: str | None = None) -> History:
    """Reads, one after the other. transfer: how one ended that came before them."""
    told: list[tuple[str, str, Any]] = [
        ("read", kind, value if kind == "ok" else None) for value in reads for kind in ("invoke", "ok")
    ]
    if transfer is not None:
        told[:0] = [("transfer", kind, {"from": "a", "to": "b", "amount": 1}) for kind in ("invoke", transfer)]
    return History.of(
        Event(index=i, time=i * 10**6, process=0 if f == "read" else 1, type=kind, f=f, value=value)
        for i, (f, kind, value) in enumerate(told)
    )


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        (({"a": 5, "b": 5}, {"a": 4, "b": 5}), "the total is 9, not 10, as in the first read"),
        (({"a": 5, "b": 5}, {"a": 11, "b": -1}), "account b has -1, and none may be below zero"),
        (({"a": 5, "b": 5}, {"a": 10, "b": None}), "account b has no balance"),
        (({"a": 5, "b": 5}, {"a": 10}), "the accounts b are there in one read and not in another"),
    ],
)
def test_money_that_came_or_went_is_told(reads: tuple[dict[str, int | None], ...], words: str) -> None:
    verdict = BankCheck().check(accounts(*reads), Budget())
    assert verdict.value is Validity.INVALID
    assert verdict.reason == f"process 0 read the accounts at 0.003 s: {words}"


def test_accounts_that_may_be_overdrawn() -> None:
    overdrawn = accounts({"a": 5, "b": 5}, {"a": 11, "b": -1})
    assert BankCheck(negative_balances=True).check(overdrawn, Budget()).value is Validity.VALID


def test_one_read_has_nothing_to_compare_with_unless_the_total_is_known() -> None:
    assert BankCheck().check(accounts({"a": 5}), Budget()).value is Validity.UNKNOWN
    assert BankCheck(total=5).check(accounts({"a": 5}, transfer="ok"), Budget()).value is Validity.VALID
    assert BankCheck(total=6).check(accounts({"a": 5}), Budget()).value is Validity.INVALID


@pytest.mark.parametrize(
    ("transfer", "expected"), [(None, "unknown"), ("fail", "unknown"), ("info", "unknown"), ("ok", "valid")]
)
def test_reads_of_accounts_between_which_no_money_moved_say_nothing(transfer: str | None, expected: str) -> None:
    found = BankCheck().check(accounts({"a": 5, "b": 5}, {"a": 5, "b": 5}, transfer=transfer), Budget())
    assert found.value.value == expected and (expected == "valid" or "no transfer was acknowledged" in found.reason)
    moved = accounts({"a": 5, "b": 5}, {"a": 4, "b": 6}, transfer=transfer)
    assert BankCheck().check(moved, Budget()).value is Validity.VALID
