"""Comparisons of nodes' data that are repeated until they say something, and a difference until it is found again."""

import asyncio
from collections.abc import Sequence

import pytest

from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.servers.agreement import agreeing, audited, differing

DIFFERS, AGREES = differing("members", "members differ"), agreeing("members", "members agree")


@pytest.mark.parametrize(
    ("answers", "value", "reason"),
    [
        ([AGREES], Validity.VALID, "members agree"),
        (["one lags", ConnectionRefusedError("nobody"), AGREES], Validity.VALID, "members agree"),
        ([DIFFERS, DIFFERS], Validity.INVALID, "members differ"),
        ([DIFFERS, "one lags", DIFFERS], Validity.INVALID, "members differ"),
        ([DIFFERS, AGREES], Validity.UNKNOWN, "members differ; when they were asked again, none did"),
        ([DIFFERS, "one lags"], Validity.UNKNOWN, "could not be compared within 0.2 s: one lags"),
        (["one lags"], Validity.UNKNOWN, "could not be compared within 0.2 s: one lags"),
        ([DIFFERS, ConnectionRefusedError("nobody")], Validity.UNKNOWN, "ConnectionRefusedError: nobody"),
    ],
)
def test_a_difference_is_told_once_it_is_found_again(
    answers: Sequence[Verdict | str | Exception], value: Validity, reason: str
) -> None:
    asked: list[Verdict | str | Exception] = []

    async def compare() -> Verdict | str:
        asked.append(answers[min(len(asked), len(answers) - 1)])
        if isinstance(asked[-1], Exception):
            raise asked[-1]
        return asked[-1]

    found = asyncio.run(audited("members", compare, 0.2, 0.01))
    assert (found.value, asked[: len(answers)]) == (value, list(answers))
    assert reason in found.reason
