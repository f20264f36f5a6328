"""The operator of a store: what is asked of a node, and what its answer means."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.targets.stores.messages import Request, Response, age
from splitbrain.targets.stores.operators import StoreOperator

MEMBERS = {"n1": "a1", "n2": "a2", "n3": "a3"}
N1, N2 = (Place(name, MEMBERS[name], Path(), MEMBERS) for name in ("n1", "n2"))


class OneAnswer:
    """A channel to a node that answers everything alike."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.asked: list[Request] = []
        self.open = 0

    async def connect(self, place: Place) -> Any:
        assert place.name == "n1"
        self.open += 1
        return self

    async def request(self, message: Request) -> Response:
        self.asked.append(message)
        return self.answer

    async def close(self) -> None:
        self.open -= 1


def test_each_step_is_one_request_and_its_answer_the_members_by_then() -> None:
    node = OneAnswer(Response([["n1", "n3"], ["n2"]]))
    operator = StoreOperator(node.connect)

    async def steps() -> tuple[Any, ...]:
        await operator.remove(N1, N2)
        admitted = await operator.admit(N1, N2)
        await operator.promote(N1, N2)
        return admitted, await operator.voters(N1)

    assert asyncio.run(steps()) == (MEMBERS, ("n1", "n3"))
    told = [(request.f, request.value) for request in node.asked]
    assert told == [("remove-member", "n2"), ("admit-member", "n2"), ("promote-member", "n2"), ("members", None)]
    ages = [age(request.session) for request in node.asked]
    assert ages == sorted(set(ages)) and node.open == 0, "later requests are known to be later"


def test_what_is_refused_was_perhaps_not_done() -> None:
    node = OneAnswer(Response(error="unavailable", text="the last change is not committed yet"))
    with pytest.raises(ConnectionRefusedError, match="n1 was asked and refused: the last change"):
        asyncio.run(StoreOperator(node.connect).remove(N1, N2))
    assert node.open == 0
