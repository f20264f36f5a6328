"""A nondeterministic model: a bag that may lose what is put in, and gives out any element."""

from collections.abc import Iterator

from splitbrain.checkers.porcupine import UNSEEN, Call, nondeterministic

Bag = tuple[int, ...]


def step(bag: Bag, call: Call) -> Iterator[Bag]:
    """All bags that there may be after a call."""
    if call.f == "put":
        yield bag
        yield tuple(sorted((*bag, call.argument)))
    elif call.f == "count":
        if call.result == len(bag):
            yield bag
    else:
        if not bag and (call.result is None or call.result is UNSEEN):
            yield bag
        for place, element in enumerate(bag):
            if call.result is UNSEEN or call.result == element:
                yield (*bag[:place], *bag[place + 1 :])


LOSSY_BAG = nondeterministic(
    name="lossy-bag", summary="a bag that may lose what is put in", operations=("put", "take", "count"), initial=((),),
    step=step, observes=frozenset({"take", "count"}), pure=frozenset({"count"}),
)  # fmt: skip
