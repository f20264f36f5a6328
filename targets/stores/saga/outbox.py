"""Outbox and inbox of a node: letters that were sent and have no receipt yet, and names of those that were handled.

Richardson, "Microservices Patterns", 2018, section 3.3 (transactional outbox): a letter is written to disk together
with the change that it tells of, and sent once that is durable, again and again until there is a receipt. So the
receiver gets it at least once; that it takes effect once is the inbox's part, the option `dedup`.
"""

from collections import OrderedDict

from splitbrain.targets.stores.saga.messages import Letter, MessageName

WINDOW = 16
"""Letters that are known again with dedup=window."""
ENDLESS = 1 << 60
REMEMBERED = {"none": 0, "last": 1, "window": WINDOW, "all": ENDLESS}
"""Letters of one sender that are known again, by the option `dedup`."""


def name_of(letter: Letter) -> MessageName:
    """The name of a letter."""
    return letter.saga, letter.number


class Inbox:
    """Names of letters that were handled, the latest of each sender."""

    def __init__(self, dedup: str) -> None:
        self._kept = REMEMBERED[dedup]
        self._handled: dict[str, OrderedDict[MessageName, None]] = {}

    def knows(self, sender: str, letter: Letter) -> bool:
        """Whether a letter was handled, as far as that is remembered."""
        return name_of(letter) in self._handled.get(sender, ())

    def add(self, sender: str, letter: Letter) -> None:
        """Remember a letter."""
        handled = self._handled.setdefault(sender, OrderedDict())
        handled[name_of(letter)] = None
        if len(handled) > self._kept:
            handled.popitem(last=False)


class Outbox:
    """Letters that have no receipt: name → receiver, letter, and the record that they rest on."""

    def __init__(self) -> None:
        self.letters: dict[MessageName, tuple[str, Letter, int]] = {}

    def add(self, to: str, letter: Letter, record: int) -> None:
        """Keep a letter."""
        self.letters[name_of(letter)] = to, letter, record

    def arrived(self, name: MessageName) -> bool:
        """Drop a letter; whether it was there."""
        return self.letters.pop(name, None) is not None
