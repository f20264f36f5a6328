from splitbrain.checkers.porcupine.kernel.steps import Transitions
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.texts import TextTable

class TextSteps(Transitions):
    def __init__(self, model: Model, table: TextTable) -> None: ...
