"""Nodes that ended by themselves: a note for each way to do so, and a file with their last log lines."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.environment import Death
from splitbrain.results.folder import RunFolder

FILE = "logs/deaths.txt"
NOTES_MAX = 8
"""The number of ways to die that are noted; the rest stand in the file alone."""
_SECOND = 1_000_000_000


def write_crash_log(deaths: Sequence[Death], folder: RunFolder) -> tuple[str, ...]:
    """Notes on deaths: a sentence for each way to die, with how often and which nodes. Their last log lines are written
    to `logs/deaths.txt` of the folder, which the last sentence names; without deaths nothing is said or written."""
    if not deaths:
        return ()
    folder.write(FILE, "\n".join(_told(death) for death in deaths))
    alike: dict[str, list[Death]] = {}
    for death in deaths:
        alike.setdefault(death.how or death.text, []).append(death)
    said = [_sentence(group) for group in list(alike.values())[:NOTES_MAX]]
    more = len(alike) - len(said)
    named = f"the last log lines of nodes that ended by themselves{f', {more} more ways of it,' if more else ''}"
    return (*said, f"{named} are in {FILE}")


def _sentence(alike: Sequence[Death]) -> str:
    """The sentence of the first of them, how often it happened, and to which other nodes."""
    first, *others = alike
    if not others:
        return first.text
    nodes: Mapping[str, None] = dict.fromkeys(death.node for death in others if death.node != first.node)
    also = f", to {', '.join(nodes)} too" if nodes else ""
    return f"{first.text}, {len(alike)} times{also}"


def _told(death: Death) -> str:
    lines = "".join(f"    {line}\n" for line in death.lines) or "    (nothing in its log)\n"
    return f"{death.time / _SECOND:.3f} s: {death.text}\n{lines}"
