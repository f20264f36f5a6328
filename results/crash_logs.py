"""Nodes that ended by themselves: a note each for people, and a file with their last log lines."""

from collections import Counter
from collections.abc import Sequence

from splitbrain.harness.environment import Death
from splitbrain.results.folder import RunFolder

FILE = "logs/deaths.txt"
_SECOND = 1_000_000_000


def write_crash_log(deaths: Sequence[Death], folder: RunFolder) -> tuple[str, ...]:
    """What to note of them: a sentence for each node and way to die, with how often. Their last log lines are written
    to `logs/deaths.txt` of the folder, which the last sentence names; without deaths nothing is said or written."""
    if not deaths:
        return ()
    folder.write(FILE, "\n".join(_told(death) for death in deaths))
    times = Counter(death.text for death in deaths)
    said = (text if count == 1 else f"{text}, {count} times" for text, count in times.items())
    return (*said, f"the last log lines of nodes that ended by themselves are in {FILE}")


def _told(death: Death) -> str:
    lines = "".join(f"    {line}\n" for line in death.lines) or "    (nothing in its log)\n"
    return f"{death.time / _SECOND:.3f} s: {death.text}\n{lines}"
