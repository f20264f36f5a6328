"""Bugs of saga."""

from splitbrain.targets.stores.saga.messages import Letter, LetterHandled, StepCommand
from splitbrain.targets.stores.saga.node import SagaNode


class CompensationNotIdempotent(SagaNode):
    """Bug: a command that undoes a step is carried out as often as it comes."""

    def known(self, letter: Letter) -> bool:
        """Whether a letter was handled before: never, if it undoes a step."""
        return not (isinstance(letter, StepCommand) and letter.back) and super().known(letter)


class ReceiptBeforeCommit(SagaNode):
    """Bug: a receipt is sent before what was handled is on disk, so that nobody sends it again."""

    def receipt_after(self) -> int:
        """The record to wait for: none."""
        return 0


class OutboxBeforeCommit(ReceiptBeforeCommit):
    """Bug: the letter that follows is sent before the change that it tells of is on disk, and so is the receipt.

    Without the latter the letter before would come again, and the change would be made once more."""

    def send_after(self, record: int) -> int:
        """The record to wait for: none."""
        return 0


class OutboxInMemory(SagaNode):
    """Bug: the letter that follows is not in the record of the change, but in memory alone."""

    def _write(self, record: object) -> int:
        if isinstance(record, LetterHandled) and record.answer is not None:
            return super()._write(LetterHandled(record.letter, record.change, "", None))
        return super()._write(record)  # type: ignore[arg-type]


class InboxInMemory(SagaNode):
    """Bug: letters that were handled before a restart are not known again."""

    def remember(self, record: LetterHandled) -> None:
        """Remember it, unless it is read from the disk."""
        if self._life_record:
            super().remember(record)


class RefusedStepUndone(SagaNode):
    """Bug: the step that was refused is undone, too."""

    def follow(self, command: StepCommand, *, done: bool) -> StepCommand | bool:
        """The command that undoes a step that was refused."""
        if done or command.back:
            return super().follow(command, done=done)
        return super().follow(
            StepCommand(command.saga, command.number, command.step + 1, command.back, command.money, command.origin),
            done=False,
        )


class FirstUndoneAlone(SagaNode):
    """Bug: only the step before the one that was refused is undone, not those before it."""

    def follow(self, command: StepCommand, *, done: bool) -> StepCommand | bool:
        """The end, after one step was undone."""
        return False if command.back else super().follow(command, done=done)
