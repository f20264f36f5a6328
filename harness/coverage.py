"""Coverage of a run: what its faults met, how they overlapped, and what rare things happened meanwhile.

Counted from the history, so the same in every environment, and from what the environment counts besides.
"""

from collections import deque
from collections.abc import Mapping

from splitbrain.harness.histories.recorder import RECENT
from splitbrain.harness.history import NEMESIS_PROCESS, History
from splitbrain.harness.operation import EventType, Value
from splitbrain.harness.serving import serves


def coverage(
    history: History,
    moments: Mapping[str, int],
    marks: Mapping[str, int],
    network: Mapping[str, int],
) -> dict[str, Value]:
    """Counts, ready for JSON.

    strikes: fault → how often it came. met_serving: fault → how often it came while the cluster served. at_once: how
    many faults were on at most. overlaps: how many came while another was on. moments: how many strikes came at a
    moment that they waited for, by its name. marks: what nodes marked, by name. network: what happened to messages.
    """
    strikes: dict[str, int] = {}
    met: dict[str, int] = {}
    on: dict[str, None] = {}
    at_once = overlaps = 0
    recent: deque[bool] = deque(maxlen=RECENT)
    values = history.pool.values
    for position, process in enumerate(history.process):
        kind = history.type[position]
        if process != NEMESIS_PROCESS:
            if kind != EventType.INVOKE:
                recent.append(kind == EventType.OK)
            continue
        word, _, name = str(values[history.f[position]]).partition("-")
        if word == "stop":
            on.pop(name, None)
        elif word == "start":
            strikes[name] = strikes.get(name, 0) + 1
            met[name] = met.get(name, 0) + serves(recent)
            overlaps += bool(on)
            on[name] = None
            at_once = max(at_once, len(on))
    return {
        "strikes": strikes,
        "met_serving": met,
        "at_once": at_once,
        "overlaps": overlaps,
        "moments": dict(moments),
        "marks": dict(marks),
        "network": dict(network),
    }
