"""The relation of what happened before what: by all messages, by those that bring updates, and in runs of stores."""

from splitbrain.harness.marks import MarkEvent
from splitbrain.targets.stores.replicas import Got, Put
from splitbrain.targets.stores.spreading import AskUpdates
from splitbrain.targets.stores.versions import Version
from splitbrain.textbook.happened_before import HappenedBefore, versions_in
from splitbrain.textbook.stamps import FIELDS, REGISTERS, SPLIT, counted, followed


class MadeUpHistory(HappenedBefore):
    """A recorder that is told by hand what happens, one event after the other."""

    def make(self, node: str, number: int = 1) -> None:
        """Have a node make an update."""
        self.event_ended()
        self.hear(MarkEvent(node, 0, "made", ((node, number), 1, {}, 0)))
        self.hear(MarkEvent(node, 0, "has", (node, number)))

    def send(self, sender: str, to: str, message: object) -> None:
        """Have a node send a message, in an event of its own."""
        self.event_ended()
        self.sent(sender, to, message, cut=False, lossy=False)

    def arrive(self, sender: str, to: str, message: object) -> None:
        """Have a node handle a message."""
        self.arrivals(to, lambda sender, message: None, lambda: True)(sender, message)
        self.handled(sender, to, message)


def test_a_message_without_updates_makes_causes_that_none_was_brought_of() -> None:
    told, question = MadeUpHistory(), AskUpdates({})
    told.make("n1")
    told.send("n1", "n2", question)
    told.make("n1", 2)
    told.arrive("n1", "n2", question)
    told.make("n2")
    *_, last = told.updates
    assert (last.past, last.brought) == (0b01, 0), "what n1 made after it had asked is no cause"
    told.hear(MarkEvent("n2", 0, "has", ("n1", 2)))
    told.make("n2", 2)
    assert (told.updates[-1].past, told.updates[-1].brought) == (0b111, 0b111)


def test_a_message_knows_what_was_made_in_the_same_event_after_it_was_sent() -> None:
    told, put = MadeUpHistory(), AskUpdates({})
    told.send("n1", "n2", put)
    told.hear(MarkEvent("n1", 0, "made", (("n1", 1), 1, {}, 0)))
    told.arrive("n1", "n2", put)
    told.make("n2")
    assert told.updates[-1].past == 0b1


def test_a_version_is_made_when_it_is_first_put_and_known_where_a_message_has_brought_it() -> None:
    told = MadeUpHistory()
    first, second = Version(1, "n1.1", 1, "a"), Version(1, "n2.1", 1, "b", {"n1.1": 1})
    put, answer = Put(1, "k", (first,)), Got(1, (first,))
    told.send("n1", "n3", put)
    told.arrive("n1", "n3", put)
    told.send("n3", "n2", answer)
    told.arrive("n3", "n2", answer)
    told.send("n2", "n1", Put(1, "k", (second,)))
    made = {update.value: update for update in told.updates}
    assert made["b"].brought == made["b"].past == 0b1 and made["b"].key == "k"
    counts = counted(told.updates)
    assert (counts.causes, counts.wrong, counts.told, counts.silent, counts.concurrent) == (1, 1, 1, 0, 0)
    assert list(versions_in(AskUpdates({}))) == []


def test_questions_of_gossip_are_causes_that_no_stamp_sees_and_registers_take_writes_while_they_ask() -> None:
    counts = counted(followed("causal", 1, schedule=SPLIT))
    assert counts.silent > 0 == counts.silent_told and counts.wrong == 0 < counts.silent_wrong
    registers = counted(followed("quorum:read_repair=blocking", 1, **{**FIELDS, **REGISTERS, "time_limit": 4.0}))
    assert 0 < registers.told <= registers.causes and registers.concurrent == registers.told_concurrent > 0
