"""Key-value store, key by key: a get returns the latest put and everything appended since.

    get → v      put v      append text      cas [old, new]      delete      range → {key value, …}

A delete leaves the key as it was at first. A range (of all keys, or of those from the first up to the second of a pair)
sees the keys that are there. With `answers=old` a put and a delete return what they found.

Each key is a separate object that starts as the empty string, as in Porcupine's logs. Pitfall: append joins texts;
appended to nil it is the text itself, and appended to a number it makes a text of both.
"""

from collections.abc import Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Independence, Model
from splitbrain.checkers.porcupine.models import register
from splitbrain.checkers.porcupine.models.store import ANSWERS, appended, whole_store, written
from splitbrain.checkers.porcupine.monitors.zones import zones
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

INITIAL = Option("initial", '""', "the value of a key before any put: text, nil, a number, …")


def step(state: Value, call: Call) -> Value:
    """One key."""
    if call.f == "get":
        return state if same(call.result, state) else ILLEGAL
    if call.f == "put":
        return call.argument
    if call.f == "append":
        return appended(state, call)
    return register.step(state, call)


def feeds(earlier: Call, later: Call) -> bool:
    """Whether one call can feed another: a put or cas leaves what the later one saw, or the beginning of it; an append
    a part of it."""
    if later.refused:
        return True
    saw = later.result if later.f == "get" else register.pair(later)[0]
    left = register.pair(earlier)[1] if earlier.f == "cas" else earlier.argument
    if not isinstance(saw, str):
        return earlier.f != "append" and same(left, saw)
    return left in saw if earlier.f == "append" else saw.startswith(written(left))


def show(call: Call) -> str:
    """`put 3`, `get → x`, `append "x y"`."""
    if call.f == "get":
        return "get" if call.result is UNSEEN else f"get → {shown(call.result)}"
    return register.show(call) if call.f == "cas" else f"{call.f} {shown(call.argument)}"


def kv(settings: Mapping[str, Setting]) -> Model:
    """A key-value store."""
    if settings["answers"] == "old":
        return whole_store(KV.summary, settings, by_key=True)
    return Model(
        name="kv",
        summary=KV.summary,
        operations=("get", "put", "append", "cas"),
        initial=meant(settings["initial"]),
        step=step,
        observes=frozenset({"get", "cas"}),
        pure=frozenset({"get"}),
        none_is_state=True,
        **register.observing(settings),
        independence=Independence(resets=frozenset({"put", "cas"}), blind=frozenset({"put", "append"}), feeds=feeds),
        monitors=(zones,),
        wider=lambda names: (
            whole_store(KV.summary, settings, by_key="range" not in names) if names & {"delete", "range"} else None
        ),
        show_call=show,
        show_state=shown,
    )


KV = CatalogueEntry(
    "kv", "a key-value store, key by key: get, put, append, cas, delete, range",
    (INITIAL, register.PRECONDITION, ANSWERS), kv,
)  # fmt: skip
