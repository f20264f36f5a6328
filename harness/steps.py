"""Steps of simulated nodes: each event that a node handled, with its state before and after, and each message between
nodes from its sending to its arrival or loss. Data only: who records them is `environments/sim/steps.py`.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

SENT_ONLY = -1
"""In the place of a time or a number: there is none."""
READING_DIGITS = 10


class NodeStep(Struct, frozen=True):
    """One event of a node. time: nanoseconds since the start of the run.

    what: `message`, `timer`, `request`, `start`, `synced`, `disk error` or `ended`. about: the message, the name of the
    timer, or why it ended. sender: of a message. flight: the number of the message that it handled. sent: those that it
    sent. effects: what it decided beside, in words. state: before the event, by path; None if it is that after the step
    before it. changes: path → its text afterwards, None where the path is gone.
    """

    node: str
    time: int
    what: str
    about: str
    sender: str = ""
    flight: int = SENT_ONLY
    sent: Sequence[int] = ()
    effects: Sequence[str] = ()
    state: Mapping[str, str] | None = None
    changes: Mapping[str, str | None] = {}

    @property
    def quiet(self) -> bool:
        """Whether it changed nothing but readings of clocks, and no client was asked or answered by it."""
        if self.what in ("request", "start", "ended", "disk error"):
            return False
        changed = any(text is None or not is_reading(text) for text in self.changes.values())
        return not changed and not any(words.startswith("reply") for words in self.effects)


class RecordedFlight(Struct):
    """One message on its way between nodes. sent, arrived: times; arrived is SENT_ONLY of one that did not come.

    fate: `arrived`; `cut`, `lost` or `under way` of one that did not come; `nobody` where no process was running.
    again: how often it came once more.
    """

    sender: str
    to: str
    text: str
    sent: int
    arrived: int = SENT_ONLY
    fate: str = "under way"
    again: int = 0


class RecordedSteps(Struct, frozen=True):
    """Steps and messages from one time to another. flights: by number."""

    begin: int
    end: int
    nodes: Sequence[str]
    steps: Sequence[NodeStep]
    flights: Mapping[int, RecordedFlight]


def is_reading(text: str) -> bool:
    """Whether a text is a large number, as readings of clocks in nanoseconds are."""
    return text.isdecimal() and len(text) >= READING_DIGITS


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """The paths whose text is another, with that afterwards; None for those that are gone."""
    changed: dict[str, str | None] = {path: text for path, text in after.items() if before.get(path) != text}
    gone: Iterable[str] = (path for path in before if path not in after)
    return changed | dict.fromkeys(gone)
