"""Messages of saga, each of which is kept in its sender's outbox until its receiver has it on disk.

Pitfall: so any of them may arrive twice, also days later. Its name is that of the saga and a number that no other
message of the saga has; by that a receiver knows it again.
"""

from msgspec import Struct

Money = tuple[str, str, int]
"""A transfer: source, target and amount."""
MessageName = tuple[str, int]
"""The saga and the number of a message."""


class StepCommand(Struct, frozen=True, array_like=True, tag="command"):
    """Carry out a step. step: its place. back: whether it is undone. origin: the node where the saga began."""

    saga: str
    number: int
    step: int
    back: bool
    money: Money
    origin: str


class StepOutcome(Struct, frozen=True, array_like=True, tag="outcome"):
    """Outcome of a step, carried out or refused: for the orchestrator."""

    saga: str
    number: int
    step: int
    back: bool
    done: bool
    money: Money


class SagaOver(Struct, frozen=True, array_like=True, tag="over"):
    """End of a saga, for the node that began it. done: whether its money was moved; if not, all was undone."""

    saga: str
    number: int
    done: bool


Letter = StepCommand | StepOutcome | SagaOver
"""A message that must arrive."""


class Delivery(Struct, frozen=True, tag="delivery"):
    """A letter on its way."""

    letter: Letter


class Receipt(Struct, frozen=True, gc=False, tag="receipt"):
    """Receipt of a letter that the receiver has on disk."""

    saga: str
    number: int


class BalanceAsk(Struct, frozen=True, gc=False, tag="balance?"):
    """Tell the balance of an account. reading: the read that asks."""

    reading: int
    account: str


class BalanceTold(Struct, frozen=True, gc=False, tag="balance"):
    """The balance of an account."""

    reading: int
    account: str
    balance: int


SagaMessage = Delivery | Receipt | BalanceAsk | BalanceTold


class SagaLife(Struct, frozen=True, array_like=True, tag="life"):
    """A record: the node has started so often."""

    life: int


class SagaBegun(Struct, frozen=True, array_like=True, tag="begun"):
    """A record: a client has begun a saga."""

    saga: str
    request: tuple[str, int]
    to: str
    letter: Letter


class LetterHandled(Struct, frozen=True, array_like=True, tag="handled"):
    """A record: a letter was handled, as a whole. change: to which account what was added, nothing where it was refused
    or is none of a step. to, answer: the letter that follows, if there is one, and its receiver."""

    letter: Letter
    change: tuple[str, int] | None
    to: str
    answer: Letter | None


class ReceiptKept(Struct, frozen=True, array_like=True, tag="receipt"):
    """A record: a letter has arrived."""

    saga: str
    number: int


SagaRecord = SagaLife | SagaBegun | LetterHandled | ReceiptKept
